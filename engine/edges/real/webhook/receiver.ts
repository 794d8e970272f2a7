import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Resources } from '#api/resources.ts';
import { isRecord } from '#core/json.ts';
import type { KindMap } from '#kube/kinds.ts';
import { affectedSources, type Follower } from './affected.ts';
import { PROVIDERS, UnverifiedError, type WebhookSecrets } from './providers.ts';

export const WEBHOOK_PATH = '/api/webhook';

const NAMESPACE = 'argocd';
const SECRET = 'argocd-secret';
const REFRESH = 'argocd.argoproj.io/refresh';
/** Argo CD's `webhook.maxPayloadSizeMB`. */
const BODY_MB_MAX = 50;
const BODY_MS_MAX = 30_000;

export interface WebhookParts {
  resources: Resources;
  log: (level: 'info' | 'warn', message: string, facts?: Record<string, unknown>) => void;
  /** Megabytes a body may have, for tests. */
  bodyMegabytesMax?: number;
}

/**
 * Takes `POST /api/webhook`. True when the request was for it. Callers need no token: where a secret is set for the
 * host, they prove that they know it; where none is set, all they can do is make an Application look again.
 */
export function serveWebhook(parts: WebhookParts, request: IncomingMessage, response: ServerResponse): boolean {
  if ((request.url ?? '').split('?', 1)[0] !== WEBHOOK_PATH) return false;
  handle(parts, request).then(
    ({ status, text }) => send(response, status, text),
    (error: unknown) => send(response, 500, `Webhook processing failed: ${(error as Error).message}`),
  );
  return true;
}

interface Outcome {
  status: number;
  text: string;
}

async function handle(parts: WebhookParts, request: IncomingMessage): Promise<Outcome> {
  const { headers } = request;
  const failed = (status: number, why: string) => {
    parts.log('warn', `webhook refused: ${why}`);
    return { status, text: `Webhook processing failed: ${why}` };
  };
  const provider = PROVIDERS.find(({ sent }) => sent(headers));
  if (provider === undefined) return { status: 400, text: 'Unknown webhook event' };
  if (request.method !== 'POST') return failed(405, 'invalid HTTP Method');
  const bytesMax = (parts.bodyMegabytesMax ?? BODY_MB_MAX) * 1024 * 1024;
  const body = await readBody(request, bytesMax);
  const unreadable =
    'The payload is either too large or corrupted. Please check the payload size (must be under ' +
    `${parts.bodyMegabytesMax ?? BODY_MB_MAX} MB) and ensure it is valid JSON`;
  if (body === undefined) return failed(400, unreadable);
  try {
    provider.verify(headers, body, secretsOf(parts.resources));
  } catch (error) {
    if (error instanceof UnverifiedError) return failed(400, error.message);
    throw error;
  }
  const payload = parsePayload(body, headers['content-type'] ?? '');
  if (payload === undefined) return failed(400, unreadable);
  const event = provider.read(headers, payload);
  if (event === undefined) return { status: 200, text: '' };
  const refreshed = refreshAffected(parts, event);
  const { webUrls, revision } = event;
  parts.log('info', `webhook of ${provider.name}`, { webUrls, revision, refreshed });
  return { status: 200, text: '' };
}

/** Asks for a refresh of every Application the push concerns; returns their names. */
function refreshAffected(parts: WebhookParts, event: Parameters<typeof affectedSources>[1]): string[] {
  const { resources } = parts;
  const refreshed: string[] = [];
  for (const application of resources.store.list('Application.argoproj.io', NAMESPACE)) {
    if (affectedSources(application as unknown as Follower, event).length === 0) continue;
    const { name } = application.metadata;
    const target = { kind: 'Application.argoproj.io', namespace: NAMESPACE, name };
    const patch = { metadata: { annotations: { [REFRESH]: 'normal' } } };
    resources.patch(target, { type: 'merge', patch }, { fieldManager: 'argocd-server' });
    refreshed.push(name);
  }
  return refreshed;
}

/** Values of argocd-secret, trimmed as Argo CD trims them. */
function secretsOf(resources: Resources): WebhookSecrets {
  const data = (resources.store.get('Secret', NAMESPACE, SECRET) as KindMap['Secret'] | undefined)?.data ?? {};
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8').trim()]),
  );
}

/** The whole body; undefined when it is larger than allowed or does not come to its end. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return undefined;
  const timer = setTimeout(() => request.destroy(new Error('the body took too long')), BODY_MS_MAX);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > bytesMax) return undefined;
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** JSON, or GitHub's form with the JSON in the field `payload`. */
function parsePayload(body: Buffer, contentType: string): Record<string, unknown> | undefined {
  const isForm = contentType.startsWith('application/x-www-form-urlencoded');
  const text = isForm ? (new URLSearchParams(body.toString('utf8')).get('payload') ?? '') : body.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) return;
  // What is left of an oversized body is not read.
  if (status >= 400) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text === '' ? '' : `${text}\n`);
}
