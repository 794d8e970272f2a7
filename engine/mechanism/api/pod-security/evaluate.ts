import { BASELINE } from './baseline.ts';
import type { Check, Violation } from './check.ts';
import type { LevelVersion } from './policy.ts';
import { RESTRICTED } from './restricted.ts';
import { subjectOf } from './subject.ts';

/**
 * What a pod does that its namespace's level forbids, in kube-apiserver's order and words.
 * Source: k8s.io/pod-security-admission v0.34; `testdata/upstream.json` holds what it says of many pods.
 */
export function podSecurityViolations({ level, minor }: LevelVersion, metadata: unknown, spec: unknown): Violation[] {
  if (level === 'privileged') return [];
  const subject = subjectOf(metadata, spec);
  return checksOf(level, minor).flatMap((check) => check.find(subject, minor) ?? []);
}

/** `reason (detail), reason (detail)`. */
export function violationsText(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}

function checksOf(level: 'baseline' | 'restricted', minor: number): Check[] {
  const baseline = BASELINE.filter(({ sinceMinor }) => minor >= sinceMinor);
  if (level === 'baseline') return baseline;
  const restricted = RESTRICTED.filter(({ sinceMinor }) => minor >= sinceMinor);
  const overridden = new Set(restricted.map(({ overrides }) => overrides));
  return [...baseline.filter(({ id }) => !overridden.has(id)), ...restricted];
}
