/** A request that did not succeed, with words for the reader. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  /** 0 when there was no answer at all, or none that could be understood. */
  readonly status: number;
  /** Messages by form field, as the server sent them. */
  readonly fields: Readonly<Record<string, readonly string[]>>;

  constructor(status: number, message: string, fields: Record<string, string[]> = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
  }

  /** One sentence per problem, for a list. */
  get messages(): string[] {
    const told = Object.entries(this.fields).flatMap(([field, texts]) => texts.map((text) => `${field} ${text}`));
    return told.length > 0 && this.status !== 503 ? told : [this.message];
  }
}

/** `fetch` as an argument, so that tests need no network. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface RequestOptions {
  body?: unknown;
  signal?: AbortSignal;
  /** Let the request finish when the reader leaves the page meanwhile. */
  keepalive?: boolean;
}

/** The back end under the page's own origin, asked as the current user. */
export interface ApiClient {
  /**
   * @param path below `/api`, with its parts already encoded
   * @returns the JSON of the answer; undefined for an empty one
   * @throws {RequestError} when there is no answer, its status is not 2xx, or it is not JSON
   */
  request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, options?: RequestOptions): Promise<unknown>;
}

const TIMEOUT_MS = 15_000;

/** @param token the JWT of the current user, asked for each request */
export function createApiClient(fetch: Fetch, token: () => string | null): ApiClient {
  return {
    async request(method, path, options = {}) {
      const response = await send(fetch, method, `/api${path}`, options, token());
      const text = await response.text().catch(() => '');
      const answer = parseJson(text);
      if (!response.ok) throw toRequestError(response.status, answer);
      if (answer === undefined && text !== '') throw new RequestError(0, 'The answer of the server cannot be read.');
      return answer;
    },
  };
}

/**
 * The one field every answer of the contract is wrapped in. Its inside is trusted: it comes from our own back end.
 *
 * @throws {RequestError} when it is not there
 */
export function fieldOf<T>(answer: unknown, name: string): T {
  if (typeof answer === 'object' && answer !== null && name in answer) return (answer as Record<string, T>)[name] as T;
  throw new RequestError(0, `The answer of the server cannot be used: it holds no "${name}".`);
}

async function send(
  fetch: Fetch,
  method: string,
  url: string,
  { body, signal, keepalive }: RequestOptions,
  token: string | null,
): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token !== null) headers.Authorization = `Token ${token}`;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(url, {
      method,
      headers,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(keepalive ? { keepalive } : {}),
    });
  } catch (cause) {
    throw Object.assign(new RequestError(0, 'Unable to connect to the server. Please try again.'), { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toRequestError(status: number, answer: unknown): RequestError {
  const fields = readFields(answer);
  if (status === 503)
    return new RequestError(status, 'The service is not available at the moment. Please try again.', fields);
  if (status === 404) return new RequestError(status, 'There is nothing under this address.', fields);
  return new RequestError(status, `The server answered ${status}. Please try again.`, fields);
}

function readFields(answer: unknown): Record<string, string[]> {
  if (typeof answer !== 'object' || answer === null || !('errors' in answer)) return {};
  const { errors } = answer;
  if (typeof errors !== 'object' || errors === null) return {};
  return Object.fromEntries(
    Object.entries(errors).map(([field, messages]) => [field, Array.isArray(messages) ? messages.map(String) : []]),
  );
}

/** The words for whatever went wrong. */
export function messagesOf(error: unknown): string[] {
  if (error instanceof RequestError) return error.messages;
  return [error instanceof Error ? error.message : String(error)];
}
