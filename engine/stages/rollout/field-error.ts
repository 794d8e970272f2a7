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

/** A field that upstream has and this engine does not: refused rather than ignored. */
export function notReproduced(path: string, what: string): FieldError {
  return `${path}: Forbidden: ${what} is not reproduced by this engine`;
}

function shown(value: unknown): string {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
    ? JSON.stringify(value)
    : String(value ?? 'null');
}
