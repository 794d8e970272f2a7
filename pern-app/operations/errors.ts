/** Messages by field or resource, the shape of the RealWorld contract. */
export type ErrorMessages = Record<string, string[]>;

export interface ErrorBody {
  /** Stable, machine-readable word such as `invalid_body`. */
  code: string;
  errors: ErrorMessages;
  requestId?: string;
}

/** An operating error that may be told to the client as it is. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  readonly errors: ErrorMessages;
  /** Sent as `Retry-After`, in seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** Further response headers, such as `Allow`. */
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    errors: ErrorMessages,
    options: { cause?: unknown; retryAfterSeconds?: number; headers?: Record<string, string> } = {},
  ) {
    super(`${status} ${code}`, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.headers = options.headers ?? {};
  }
}

/** What clients get for a programmer error: nothing but the request id, which finds the log line. */
export const INTERNAL_ERROR = new HttpError(500, 'internal', { server: ['failed unexpectedly'] });

/** The answer to a request hit by the `error-rate` fault. */
export const INJECTED_ERROR = new HttpError(500, 'injected_fault', {
  server: ['failed on purpose (fault error-rate)'],
});

/** The JSON body that tells `error` to a client. */
export function errorBody(error: HttpError, requestId: string | undefined): ErrorBody {
  return { code: error.code, errors: error.errors, ...(requestId === undefined ? {} : { requestId }) };
}

/** The response headers that tell `error` to a client; error answers must never be cached. */
export function errorHeaders(error: HttpError): Record<string, string> {
  const retry: Record<string, string> =
    error.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(error.retryAfterSeconds) };
  return { 'Cache-Control': 'no-store', ...error.headers, ...retry };
}
