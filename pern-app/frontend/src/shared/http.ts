/** A request that did not succeed, with words for the reader. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  /** 0 when there was no answer at all. */
  readonly status: number;
  /** Messages by form field, as the server sent them. */
  readonly fields: Record<string, string[]>;

  constructor(status: number, message: string, fields: Record<string, string[]> = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

/** `fetch` as an argument, so that tests need no network. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 15_000;

/**
 * Sends a request and reads the JSON answer; 204 gives undefined.
 *
 * @throws {RequestError} when there is no answer, or its status is not 2xx
 */
export async function requestJson(fetch: Fetch, method: string, url: string, body?: unknown): Promise<unknown> {
  const response = await send(fetch, method, url, body);
  if (response.status === 204) return undefined;
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw toRequestError(response.status, answer);
  return answer;
}

async function send(fetch: Fetch, method: string, url: string, body: unknown): Promise<Response> {
  const content =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  try {
    return await fetch(url, { method, signal: AbortSignal.timeout(TIMEOUT_MS), ...content });
  } catch (cause) {
    throw Object.assign(new RequestError(0, 'The server cannot be reached. Please try again.'), { cause });
  }
}

function toRequestError(status: number, answer: unknown): RequestError {
  const fields = readFields(answer);
  const text = Object.entries(fields)
    .map(([field, messages]) => `${field} ${messages.join(', ')}`)
    .join('; ');
  if (status === 503)
    return new RequestError(status, 'The service is not available at the moment. Please try again.', fields);
  return new RequestError(status, text === '' ? `The server answered ${status}.` : `${text}.`, fields);
}

function readFields(answer: unknown): Record<string, string[]> {
  if (typeof answer !== 'object' || answer === null || !('errors' in answer)) return {};
  const { errors } = answer;
  if (typeof errors !== 'object' || errors === null) return {};
  return Object.fromEntries(
    Object.entries(errors).map(([field, messages]) => [field, Array.isArray(messages) ? messages.map(String) : []]),
  );
}
