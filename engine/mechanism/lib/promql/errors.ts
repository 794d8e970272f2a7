/** Errors of queries, with their place in the query text. */

/**
 * `bad_data`: the text is no valid query, or asks for what we do not support. `execution`: the query is valid but the
 * data does not fit it. `timeout`: the step budget is used up. The names are those of Prometheus's HTTP API.
 */
export type PromqlErrorType = 'bad_data' | 'execution' | 'timeout';

/** A range of the query text, in UTF-16 units from 0. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export class PromqlError extends Error {
  readonly type: PromqlErrorType;
  /** What is wrong, without the place. */
  readonly problem: string;
  /** From 1; undefined when no place in the text is to blame. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** True when the text is valid PromQL that this evaluator does not reproduce. */
  readonly unsupported: boolean;

  constructor(type: PromqlErrorType, problem: string, place?: { line: number; column: number }, unsupported = false) {
    super(
      place === undefined
        ? problem
        : `${place.line}:${place.column}: ${type === 'bad_data' ? 'parse error: ' : ''}${problem}`,
    );
    this.name = 'PromqlError';
    this.type = type;
    this.problem = problem;
    this.line = place?.line;
    this.column = place?.column;
    this.unsupported = unsupported;
  }
}

/** Line and column (both from 1) of an offset into the text. */
export function locate(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

export function parseError(text: string, offset: number, problem: string): PromqlError {
  return new PromqlError('bad_data', problem, locate(text, offset));
}

export function unsupportedError(text: string, offset: number, problem: string): PromqlError {
  return new PromqlError('bad_data', problem, locate(text, offset), true);
}
