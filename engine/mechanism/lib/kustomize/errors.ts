/** Where a statement about text holds: 1-based line and column. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

/** Every code this library can report; the README lists what each one means. */
export type DiagnosticCode =
  | 'unknown-field'
  | 'wrong-type'
  | 'wrong-value'
  | 'missing-field'
  | 'duplicate-key'
  | 'invalid-yaml'
  | 'invalid-resource'
  | 'missing-file'
  | 'missing-kustomization'
  | 'ambiguous-kustomization'
  | 'outside-root'
  | 'cycle'
  | 'unsupported'
  | 'duplicate-id'
  | 'invalid-patch'
  | 'no-match'
  | 'ambiguous-reference'
  | 'too-large'
  | 'deprecated'
  | 'unused';

/** One finding: what is wrong, where, why, and how to fix it. */
export interface Diagnostic extends Position {
  code: DiagnosticCode;
  message: string;
  /** The line of text the position points into. */
  source?: string;
  why?: string;
  fix?: string;
}

/** Thrown by `build`: carries every finding, in reading order. */
export class KustomizeError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.name = 'KustomizeError';
    this.diagnostics = diagnostics;
  }
}

/** Renders one finding as text: position and message, the offending line with a caret, then why and fix. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const lines = [
    `${diagnostic.file}:${diagnostic.line}:${diagnostic.column}: ${diagnostic.message} [${diagnostic.code}]`,
  ];
  if (diagnostic.source !== undefined) {
    const gutter = String(diagnostic.line);
    const pad = ' '.repeat(gutter.length);
    lines.push(` ${gutter} | ${diagnostic.source}`, ` ${pad} | ${' '.repeat(Math.max(0, diagnostic.column - 1))}^`);
  }
  if (diagnostic.why) lines.push(`  why: ${diagnostic.why}`);
  if (diagnostic.fix) lines.push(`  fix: ${diagnostic.fix}`);
  return lines.join('\n');
}

/** Throws one finding. */
export function fail(
  at: Position & { source?: string },
  finding: Pick<Diagnostic, 'code' | 'message' | 'why' | 'fix'>,
): never {
  throw new KustomizeError([{ ...at, ...finding }]);
}

/** The candidate closest to `name` by edit distance, or undefined when nothing is close. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Number.POSITIVE_INFINITY;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
