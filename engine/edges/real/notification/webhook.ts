import { parseGoDurationMs } from '#core/duration.ts';
import { isRecord } from '#core/json.ts';
import type { DeliveryReceipt, Message } from '#machine/notifications.ts';
import { type Exchange, RefusedRequest, type RetryPolicy } from './exchange.ts';

const WAIT_MIN_MS = 1000;
const WAIT_MAX_MS = 5000;
const RETRY_MAX = 3;
/** Of an error answer, this much is shown. */
const ANSWER_CHARS_MAX = 500;

/** Sends a message through a service of type `webhook` (argo-cd.md §4.6). Rejects with what went wrong. */
export async function sendWebhook(
  exchange: Exchange,
  service: { name: string; options: unknown },
  message: Message,
  cancelled: AbortSignal,
): Promise<DeliveryReceipt> {
  const options = isRecord(service.options) ? service.options : {};
  const own = message.webhook?.[service.name];
  const base = text(options.url, 'url');
  const path = own?.path ?? '';
  const url = path === '' ? base : `${base.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
  const method = own?.method || 'GET';
  if (!/^[A-Z]+$/.test(method)) throw new RefusedRequest(`"${method}" is no HTTP method`);
  const wanted = {
    method,
    url,
    headers: headersOf(options),
    body: own === undefined ? (message.message ?? '') : (own.body ?? ''),
    insecure: options.insecureSkipVerify === true,
  };
  const { status, body, attempts } = await exchange.send(wanted, retryPolicy(options), cancelled);
  if (status >= 200 && status <= 299) return { attempts };
  throw new Error(`request has failed with error code ${status} : ${body.slice(0, ANSWER_CHARS_MAX)}`);
}

function headersOf(options: Readonly<Record<string, unknown>>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const header of Array.isArray(options.headers) ? options.headers : []) {
    if (isRecord(header)) headers[text(header.name, 'headers.name').toLowerCase()] = String(header.value ?? '');
  }
  const { basicAuth } = options;
  if (isRecord(basicAuth)) {
    const pair = `${String(basicAuth.username ?? '')}:${String(basicAuth.password ?? '')}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return headers;
}

/** Zero means the default, as in Go. */
export function retryPolicy(options: Readonly<Record<string, unknown>>): RetryPolicy {
  return {
    retryMax: typeof options.retryMax === 'number' && options.retryMax > 0 ? options.retryMax : RETRY_MAX,
    waitMinMs: durationMs(options.retryWaitMin, 'retryWaitMin') || WAIT_MIN_MS,
    waitMaxMs: durationMs(options.retryWaitMax, 'retryWaitMax') || WAIT_MAX_MS,
  };
}

/** Nanoseconds, as Go decodes a duration, or text (`2s`). */
function durationMs(value: unknown, name: string): number {
  if (value === undefined || value === null) return 0;
  const parsed = typeof value === 'number' ? value / 1e6 : parseGoDurationMs(String(value));
  if (parsed === undefined) throw new RefusedRequest(`${name}: "${String(value)}" is no duration`);
  return parsed;
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new RefusedRequest(`${name}: text is required`);
}
