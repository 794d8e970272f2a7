/** One thing that is wrong with a Rollout, in the API server's words. Values are shown as Go prints them. */
export type FieldError = string;

export function invalid(path: string, value: unknown, message: string): FieldError {
  return `${path}: Invalid value: ${shown(value)}: ${message}`;
}

export function required(path: string, message: string): FieldError {
  return `${path}: Required value${message === '' ? '' : `: ${message}`}`;
}

export function internal(path: string, message: string): FieldError {
  return `${path}: Internal error: ${message}`;
}

export function unsupported(path: string, value: string, supported: readonly string[]): FieldError {
  const values = supported.map((item) => JSON.stringify(item)).join(', ');
  return `${path}: Unsupported value: ${JSON.stringify(value)}: supported values: ${values}`;
}

const NOT_REPRODUCED = 'is not reproduced by this engine';

/** A field that upstream has and this engine does not: refused rather than ignored. */
export function notReproduced(path: string, what: string): FieldError {
  return `${path}: Forbidden: ${what} ${NOT_REPRODUCED}`;
}

/** What upstream refuses too comes first: only the first error is shown in the condition. */
export function upstreamFirst(errors: readonly FieldError[]): FieldError[] {
  return [...errors.filter((error) => !isNotReproduced(error)), ...errors.filter(isNotReproduced)];
}

/** True for an error that upstream does not have. */
export function isNotReproduced(error: FieldError): boolean {
  return error.endsWith(NOT_REPRODUCED);
}

function shown(value: unknown): string {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
    ? JSON.stringify(value)
    : String(value ?? 'null');
}
