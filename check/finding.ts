/** Severities, worst first. Errors make `pern check` exit 1 unless `--fail-on` says otherwise. */
export const SEVERITIES = ['error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** A position in a file of the tree, 1-based. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** One thing that is wrong: where, what, why it matters, what to do. */
export interface Finding {
  /** Id of the rule, e.g. `reference/service`. */
  rule: string;
  severity: Severity;
  at: Place;
  /** One sentence without a full stop; names the offending text. */
  message: string;
  /** What would happen, and by which rule of the field. */
  why?: string;
  fix?: string;
  /** The object it is about, as `Kind namespace/name`. */
  object?: string;
  /** What deploys the object: names of Applications, or of directories that no Application reaches. */
  deployments?: readonly string[];
  /** Other places that belong to it, e.g. the definition that contradicts. */
  related?: readonly { at: Place; message: string }[];
}

/** What a rule yields; the runner adds id and severity. `severity` overrides the rule's own, only downwards. */
export type Issue = Omit<Finding, 'rule' | 'severity'> & { severity?: Severity };

/** Order of a report: by file, then position, then rule. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    compareText(a.at.file, b.at.file) ||
    a.at.line - b.at.line ||
    a.at.column - b.at.column ||
    compareText(a.rule, b.rule) ||
    compareText(a.message, b.message)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
