import { BASELINE } from './baseline.ts';
import type { Check } from './check.ts';
import type { LevelVersion } from './policy.ts';
import { RESTRICTED } from './restricted.ts';
import { subjectOf } from './subject.ts';

/**
 * What a pod does that its namespace's level forbids, in kube-apiserver's words: `reason (detail), reason (detail)`;
 * undefined when nothing. Source: k8s.io/pod-security-admission v0.34 (`pod-security.golden.json` compares with it).
 */
export function podSecurityViolations(
  { level, minor }: LevelVersion,
  metadata: unknown,
  spec: unknown,
): string | undefined {
  if (level === 'privileged') return undefined;
  const subject = subjectOf(metadata, spec);
  const violations = checksOf(level, minor).flatMap((check) => check.find(subject, minor) ?? []);
  if (violations.length === 0) return undefined;
  return violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}

function checksOf(level: 'baseline' | 'restricted', minor: number): Check[] {
  const baseline = BASELINE.filter(({ sinceMinor }) => minor >= sinceMinor);
  if (level === 'baseline') return baseline;
  const restricted = RESTRICTED.filter(({ sinceMinor }) => minor >= sinceMinor);
  const overridden = new Set(restricted.map(({ overrides }) => overrides));
  return [...baseline.filter(({ id }) => !overridden.has(id)), ...restricted];
}
