import { Pool } from 'undici';
import { SignUpFailed, signUp } from './sign-up.ts';

export interface LoadTarget {
  /** `http://127.0.0.1:8080`. */
  origin: string;
  /** The Host header, since not every resolver knows *.localhost. */
  host: string;
}

export interface LoadOptions {
  target: LoadTarget;
  requestsPerSecond: number;
  /** The request of a given number; the default reads the list and, every tenth time, creates an article. */
  request?: (number: number) => { method: 'GET' | 'POST'; path: string; body?: string };
}

/** One answered (or failed) request. */
export interface Observation {
  atMs: number;
  durationMs: number;
  /** 0 when there was no answer at all. */
  status: number;
  /** `X-App-Version` of the answer; empty when it had none. */
  version: string;
  error?: string;
}

export interface Summary {
  requests: number;
  /** No answer, or a 5xx. */
  failed: number;
  byVersion: Record<string, { requests: number; failed: number }>;
}

const TICK_MS = 20;
const CONNECTIONS = 32;

function defaultRequest(number: number): { method: 'GET' | 'POST'; path: string; body?: string } {
  if (number % 10 !== 0) return { method: 'GET', path: '/api/articles?limit=10' };
  return { method: 'POST', path: '/api/articles', body: articleBody(number) };
}

/** An article as the API takes it. */
export function articleBody(number: number): string {
  const text = 'Written while a release was under way.';
  return JSON.stringify({ article: { title: `Load ${number}`, description: text, body: text } });
}

/**
 * Sends requests at a constant rate until stopped. Open loop: a slow answer does not slow the next request down, so a
 * stall is seen as it would be by users who do not wait for each other.
 */
export class LoadGenerator {
  readonly observations: Observation[] = [];
  readonly #options: LoadOptions;
  readonly #pool: Pool;
  readonly #pending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #token: Promise<string> | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#pool = new Pool(options.target.origin, { connections: CONNECTIONS, pipelining: 1, keepAliveTimeout: 30_000 });
  }

  start(): void {
    const startedMs = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedMs) / 1000) * this.#options.requestsPerSecond);
      while (this.#sent < due) this.#send();
    }, TICK_MS);
  }

  /** Stops sending, waits for what is under way, and returns everything seen. */
  async stop(): Promise<readonly Observation[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    await this.#pool.close();
    return this.observations;
  }

  /** Answers that came in a time range (ms since the epoch). */
  summary(fromMs = 0, toMs = Number.POSITIVE_INFINITY): Summary {
    return summarise(this.observations.filter(({ atMs }) => atMs >= fromMs && atMs < toMs));
  }

  #send(): void {
    const number = this.#sent++;
    const done = this.#request(number).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  /** Who writes has to have an account: made at the first write, and tried again at the next when that failed. */
  #signedUp(): Promise<string> {
    this.#token ??= signUp(this.#pool, this.#options.target.host).catch((error: unknown) => {
      this.#token = undefined;
      throw error;
    });
    return this.#token;
  }

  async #request(number: number): Promise<void> {
    const { method, path, body } = (this.#options.request ?? defaultRequest)(number);
    const startedMs = performance.now();
    const headers = {
      host: this.#options.target.host,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    let outcome: Omit<Observation, 'atMs' | 'durationMs'>;
    try {
      const authorization = body === undefined ? {} : { authorization: `Token ${await this.#signedUp()}` };
      const answer = await this.#pool.request({ method, path, body, headers: { ...headers, ...authorization } });
      await answer.body.dump();
      const version = answer.headers['x-app-version'];
      outcome = { status: answer.statusCode, version: typeof version === 'string' ? version : '' };
    } catch (error) {
      if (error instanceof SignUpFailed) outcome = { status: error.status, version: error.version };
      else outcome = { status: 0, version: '', error: error instanceof Error ? error.message : String(error) };
    }
    this.observations.push({ atMs: Date.now(), durationMs: performance.now() - startedMs, ...outcome });
  }
}

export function summarise(observations: readonly Observation[]): Summary {
  const summary: Summary = { requests: 0, failed: 0, byVersion: {} };
  for (const { status, version } of observations) {
    const failed = status === 0 || status >= 500 ? 1 : 0;
    const entry = summary.byVersion[version] ?? { requests: 0, failed: 0 };
    summary.byVersion[version] = { requests: entry.requests + 1, failed: entry.failed + failed };
    summary.requests++;
    summary.failed += failed;
  }
  return summary;
}
