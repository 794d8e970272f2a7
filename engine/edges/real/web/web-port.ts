import { Agent, type Dispatcher, interceptors, request } from 'undici';
import type { WebPort } from '#edges/ports.ts';
import type { Answer, WebRequest } from '#machine/questions.ts';

/** What a metric needs is small; what is larger is a mistake, or an attack on the engine's memory. */
const BODY_BYTES_MAX = 1024 * 1024;
/** As Go's HTTP client. */
const REDIRECTS_MAX = 10;

export interface RealWeb extends WebPort {
  close(): Promise<void>;
}

/**
 * Sends the requests of web metrics. `addressesOf` resolves cluster names (`backend.shop.svc`), which no other resolver
 * knows; the machine's own resolver has the others.
 */
export function openWeb(addressesOf: (host: string) => readonly string[] | undefined): RealWeb {
  const agents = new Map<boolean, Agent>();
  const agentFor = (insecure: boolean) => {
    const agent = agents.get(insecure) ?? new Agent({ connect: { rejectUnauthorized: !insecure } });
    agents.set(insecure, agent);
    return agent;
  };
  return {
    answer(question, respond) {
      const cancel = new AbortController();
      const { request: wanted } = question;
      const dispatcher = agentFor(wanted.insecure === true).compose(
        clusterNames(addressesOf),
        interceptors.redirect({ maxRedirections: REDIRECTS_MAX }),
      );
      exchange(wanted, dispatcher, cancel.signal).then(
        (answer) => {
          if (!cancel.signal.aborted) respond(answer);
        },
        () => {},
      );
      return () => cancel.abort();
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}

/** Sends a request for a cluster name to the service's address, under its own name. */
function clusterNames(
  addressesOf: (host: string) => readonly string[] | undefined,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const origin = new URL(String(options.origin));
    const [address] = addressesOf(origin.hostname) ?? [];
    if (address === undefined) return dispatch(options, handler);
    const { host } = origin;
    origin.hostname = address;
    return dispatch({ ...options, origin: origin.origin, headers: withHost(options.headers, host) }, handler);
  };
}

function withHost(headers: Dispatcher.DispatchOptions['headers'], host: string): Record<string, string | string[]> {
  const plain: Record<string, string | string[]> = {};
  if (Array.isArray(headers)) {
    for (let index = 0; index + 1 < headers.length; index += 2)
      plain[String(headers[index])] = String(headers[index + 1]);
  } else if (headers !== null && headers !== undefined && !(Symbol.iterator in headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) plain[name] = Array.isArray(value) ? value : String(value);
    }
  }
  return Object.keys(plain).some((name) => name.toLowerCase() === 'host') ? plain : { ...plain, host };
}

/** One exchange. Every failure is an answer; nothing hangs past the time-out. */
async function exchange(wanted: WebRequest, dispatcher: Dispatcher, cancelled: AbortSignal): Promise<Answer> {
  const signal = AbortSignal.any([cancelled, AbortSignal.timeout(wanted.timeoutMs)]);
  const verb = `${wanted.method.slice(0, 1)}${wanted.method.slice(1).toLowerCase()}`;
  try {
    const token = wanted.oauth2 === undefined ? undefined : await fetchToken(wanted.oauth2, dispatcher, signal);
    const headers = Object.fromEntries((wanted.headers ?? []).map(({ key, value }) => [key.toLowerCase(), value]));
    const { statusCode, body } = await request(wanted.url, {
      method: wanted.method,
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: wanted.body ?? null,
      dispatcher,
      signal,
    });
    return { ok: true, value: { status: statusCode, body: await readBounded(body) } };
  } catch (error) {
    return { ok: false, failure: { code: 'Web', message: `${verb} "${wanted.url}": ${explain(error)}` } };
  }
}

class TooLarge extends Error {
  override name = 'TooLarge';
}

async function readBounded(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) {
      body.destroy();
      throw new TooLarge(`the body is larger than ${BODY_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Client credentials (RFC 6749 §4.4). */
async function fetchToken(
  { tokenUrl, clientId, clientSecret, scopes }: NonNullable<WebRequest['oauth2']>,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const basic = [clientId, clientSecret].map((part) => encodeURIComponent(part)).join(':');
  const { statusCode, body } = await request(tokenUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
    },
    body: form.toString(),
    dispatcher,
    signal,
  });
  const text = await readBounded(body);
  if (statusCode < 200 || statusCode >= 300) throw new Error(`oauth2: cannot fetch token: ${statusCode}`);
  const token = (JSON.parse(text) as { access_token?: unknown }).access_token;
  if (typeof token !== 'string' || token === '') throw new Error('oauth2: server response missing access_token');
  return token;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'context deadline exceeded (Client.Timeout exceeded)';
  if (error instanceof SyntaxError) return 'oauth2: the token is not JSON';
  const { code } = error as Error & { code?: string };
  const inner = error instanceof AggregateError ? (error.errors[0] as Error).message : error.message;
  return inner === '' ? (code ?? error.name) : inner;
}
