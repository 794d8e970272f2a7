import type { Finding, Place } from './finding.ts';
import type { Tree } from './model/tree.ts';

/**
 * A comment that accepts findings of one rule, with a reason:
 *
 *   # pern-check: ignore images/tag -- the vendor publishes only "stable"
 *
 * It holds for the next line that is no comment and, standing before a document's first field, for the whole document.
 */
export interface Suppression {
  at: Place;
  rule: string;
  reason: string;
  /** The lines it covers, inclusive. */
  from: number;
  to: number;
}

const COMMENT = /^\s*#\s*pern-check:\s*ignore\s+(\S+)\s*(?:--\s*(.*))?$/;

/** All suppressions of a tree. One without a reason suppresses nothing and is a finding itself. */
export function readSuppressions(tree: Tree): { suppressions: Suppression[]; faults: Finding[] } {
  const suppressions: Suppression[] = [];
  const faults: Finding[] = [];
  for (const { path, text } of tree.sources.values()) {
    if (!text.includes('pern-check:')) continue;
    const lines = text.split('\n');
    lines.forEach((line, index) => {
      const match = COMMENT.exec(line);
      if (match === null) return;
      const at = { file: path, line: index + 1, column: line.indexOf('#') + 1 };
      const reason = (match[2] ?? '').trim();
      if (reason === '') {
        faults.push({
          rule: 'suppression/reason',
          severity: 'error',
          at,
          message: `the suppression of ${match[1]} gives no reason`,
          fix: `write "# pern-check: ignore ${match[1]} -- why this is right here"`,
        });
        return;
      }
      suppressions.push({ at, rule: match[1] as string, reason, ...coveredLines(lines, index) });
    });
  }
  return { suppressions, faults };
}

/** The rest of the document when only comments stand before it, otherwise the next line that says something. */
function coveredLines(lines: readonly string[], index: number): { from: number; to: number } {
  const isSilent = (line: string | undefined) => line !== undefined && /^\s*(#.*)?$/.test(line);
  let start = index;
  while (start > 0 && isSilent(lines[start - 1])) start -= 1;
  const opensDocument = start === 0 || /^---/.test(lines[start - 1] ?? '');
  let next = index + 1;
  while (isSilent(lines[next])) next += 1;
  if (!opensDocument) return { from: next + 1, to: next + 1 };
  let end = next;
  while (end < lines.length && !/^---/.test(lines[end] ?? '')) end += 1;
  return { from: index + 1, to: end };
}

/** Findings that stay, those that were accepted (with the reason), and what suppresses nothing. */
export function applySuppressions(findings: readonly Finding[], suppressions: readonly Suppression[]) {
  const used = new Set<Suppression>();
  const kept: Finding[] = [];
  const accepted: { finding: Finding; reason: string }[] = [];
  for (const finding of findings) {
    const hit = suppressions.find(
      ({ rule, at, from, to }) =>
        rule === finding.rule && at.file === finding.at.file && finding.at.line >= from && finding.at.line <= to,
    );
    if (hit === undefined) kept.push(finding);
    else {
      used.add(hit);
      accepted.push({ finding, reason: hit.reason });
    }
  }
  for (const { at, rule } of suppressions.filter((candidate) => !used.has(candidate))) {
    kept.push({
      rule: 'suppression/unused',
      severity: 'warning',
      at,
      message: `nothing here violates ${rule}`,
      fix: 'remove the comment',
    });
  }
  return { kept, accepted };
}
