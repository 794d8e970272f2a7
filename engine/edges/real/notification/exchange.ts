import { Agent, type Dispatcher, request } from 'undici';
import type { Scheduler } from '#core/clock.ts';

/** One HTTP request of a delivery. */
export interface Wanted {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Accept any certificate. */
  insecure: boolean;
}

export interface RetryPolicy {
  /** Tries after the first. */
  retryMax: number;
  waitMinMs: number;
  waitMaxMs: number;
}

export interface Response {
  status: number;
  /** At most BODY_BYTES_MAX of it. */
  body: string;
  attempts: number;
}

const ATTEMPT_MS_MAX = 10_000;
const BODY_BYTES_MAX = 64 * 1024;
const REDIRECTS_MAX = 3;
/** A service that asks to be left alone for longer is asked again by the controller's own retry. */
const RETRY_AFTER_MS_MAX = 30_000;

/** Sends HTTP requests with retries. Waits go through the scheduler. */
export class Exchange {
  readonly #scheduler: Scheduler;
  readonly #agents = new Map<boolean, Agent>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /**
   * Sends until there is an answer that is final: network errors, 429 and 5xx but 501 are tried again, with doubling waits
   * or what `Retry-After` says. Rejects when the last try gave no answer.
   */
  async send(wanted: Wanted, policy: RetryPolicy, cancelled: AbortSignal): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt > policy.retryMax;
      let waitMs = Math.min(policy.waitMinMs * 2 ** (attempt - 1), policy.waitMaxMs);
      try {
        const { status, body, retryAfterMs } = await this.#follow(wanted, cancelled);
        const isFinal = status !== 429 && (status < 500 || status === 501);
        if (isFinal || isLast) return { status, body, attempts: attempt };
        waitMs = Math.min(retryAfterMs ?? waitMs, RETRY_AFTER_MS_MAX);
      } catch (error) {
        if (isLast || cancelled.aborted || error instanceof RefusedRequest) throw error;
      }
      await this.#wait(waitMs, cancelled);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }

  #wait(waitMs: number, cancelled: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#scheduler.at(this.#scheduler.now() + waitMs, resolve);
      cancelled.addEventListener('abort', () => {
        cancel();
        reject(cancelled.reason as Error);
      });
    });
  }

  /** One try, with redirects that stay on the host: credentials go nowhere else. */
  async #follow(wanted: Wanted, cancelled: AbortSignal) {
    let { url, method, body } = wanted;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#once({ ...wanted, url, method, body }, cancelled);
      if (answer.location === undefined) return answer;
      const next = new URL(answer.location, url);
      if (next.host !== new URL(url).host)
        throw new RefusedRequest(`a redirect to another host (${next.host}) is not followed`);
      if (redirects >= REDIRECTS_MAX) throw new RefusedRequest(`stopped after ${REDIRECTS_MAX} redirects`);
      url = next.href;
      if (answer.status === 307 || answer.status === 308) continue;
      method = method === 'HEAD' ? 'HEAD' : 'GET';
      body = '';
    }
  }

  async #once(wanted: Wanted, cancelled: AbortSignal) {
    const url = httpUrl(wanted.url);
    const isBodiless = wanted.method === 'GET' || wanted.method === 'HEAD';
    const { statusCode, headers, body } = await request(url, {
      method: wanted.method as Dispatcher.HttpMethod,
      headers: wanted.headers,
      body: isBodiless && wanted.body === '' ? null : wanted.body,
      dispatcher: this.#agent(wanted.insecure),
      signal: AbortSignal.any([cancelled, AbortSignal.timeout(ATTEMPT_MS_MAX)]),
    });
    const retryAfter = Number(headers['retry-after']);
    const isRedirect = [301, 302, 303, 307, 308].includes(statusCode) && typeof headers.location === 'string';
    return {
      status: statusCode,
      body: await readBounded(body),
      location: isRedirect ? (headers.location as string) : undefined,
      retryAfterMs: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * 1000 : undefined,
    };
  }

  #agent(insecure: boolean): Agent {
    const known = this.#agents.get(insecure);
    if (known !== undefined) return known;
    const agent = new Agent({ connect: { rejectUnauthorized: !insecure, timeout: ATTEMPT_MS_MAX } });
    this.#agents.set(insecure, agent);
    return agent;
  }
}

/** A request that no other try would make better. */
export class RefusedRequest extends Error {
  override name = 'RefusedRequest';
}

function httpUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new RefusedRequest('the URL of the service is not a URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new RefusedRequest(`the URL of the service begins with ${url.protocol}//, not with http:// or https://`);
  return url;
}

async function readBounded(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) continue;
    body.destroy();
    break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX).toString('utf8');
}
