/** Errors of expressions, with their place. */

/** `compile`: syntax or types, known before anything runs; `runtime`: the values did not fit. */
export type ExprErrorPhase = 'compile' | 'runtime';

export class ExprError extends Error {
  readonly phase: ExprErrorPhase;
  /** What is wrong, without place and excerpt. */
  readonly problem: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;

  /** The message ends with the place and an excerpt that points at it, as expr's own do. */
  constructor(phase: ExprErrorPhase, problem: string, text: string, offset: number) {
    const before = text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - (before.lastIndexOf('\n') + 1);
    const excerpt = text.split('\n')[line - 1] ?? '';
    super(`${problem} (${line}:${column + 1})\n | ${excerpt}\n | ${'.'.repeat(column)}^`);
    this.name = 'ExprError';
    this.phase = phase;
    this.problem = problem;
    this.line = line;
    this.column = column + 1;
  }
}

/** A problem found away from the text; the evaluator adds the place of the node it was working on. */
export class ValueError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'ValueError';
  }
}
