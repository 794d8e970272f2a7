import { memoryFileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';
import type { Finding } from '../finding.ts';
import type { Rule } from '../rule.ts';
import { checkTree } from '../run.ts';

/** Checks files given as text; `rules` limits what runs. Application sets are not expanded. */
export function findingsOf(files: Readonly<Record<string, string>>, rules?: readonly Rule[]): readonly Finding[] {
  return checkTree(memoryFileSystem(files), { folder: '', repositories: [], expandSet: () => [] }, rules).findings;
}

/** `file:line:column rule message`, one a finding: what most tests compare. */
export function brief(findings: readonly Finding[]): string[] {
  return findings.map(({ at, rule, message }) => `${at.file}:${at.line}:${at.column} ${rule} ${message}`);
}
