import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { ApiError } from '#api/errors.ts';
import { isRecord } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import { isTrue, wholeNumber } from './lists.ts';

export interface LogOptions {
  /** The log of the container's run before this one. */
  previous: boolean;
  /** Only this many lines from the end. */
  tailLines: number | undefined;
  sinceSeconds: number | undefined;
  /** Go on with lines as they are written, until `signal` is aborted or the container ends. */
  follow: boolean;
  /** Each line starts with its RFC 3339 time. */
  timestamps: boolean;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
}

/** How long the headers of a followed log wait for its first bytes. */
const REFUSAL_MS = 100;

/** Where container logs come from. May throw ApiError, for example when there is no previous run. */
export type LogReader = (podUid: string, container: string, options: LogOptions) => AsyncIterable<Uint8Array>;

/** Streams `pods/log` as text. Throws ApiError before the first byte is sent, never after. */
export async function streamLog(
  response: ServerResponse,
  pod: KubeObject,
  query: URLSearchParams,
  logs: LogReader,
): Promise<void> {
  const container = containerOf(pod, query.get('container') ?? '');
  const aborting = new AbortController();
  response.once('close', () => aborting.abort());
  const options: LogOptions = {
    previous: isTrue(query, 'previous'),
    tailLines: wholeNumber(query, 'tailLines'),
    sinceSeconds: wholeNumber(query, 'sinceSeconds'),
    follow: isTrue(query, 'follow'),
    timestamps: isTrue(query, 'timestamps'),
    signal: aborting.signal,
  };
  let bytesLeft = wholeNumber(query, 'limitBytes') ?? Number.POSITIVE_INFINITY;
  const chunks = logs(pod.metadata.uid, container, options)[Symbol.asyncIterator]();
  // A refusal comes at once and is a Status as long as no headers are sent; a quiet log that is followed sends nothing.
  const begun = chunks.next();
  await (options.follow ? Promise.race([begun, setTimeout(REFUSAL_MS)]) : begun);
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' });
  response.flushHeaders();
  try {
    for (let part = await begun; part.done !== true; part = await chunks.next()) {
      if (response.destroyed || bytesLeft <= 0) break;
      const chunk = part.value.subarray(0, Math.min(part.value.length, bytesLeft));
      bytesLeft -= chunk.length;
      if (!response.write(chunk)) await once(response, 'drain', { signal: aborting.signal });
    }
    response.end();
  } catch (error) {
    if (!aborting.signal.aborted) throw error;
  } finally {
    aborting.abort();
    await chunks.return?.();
  }
}

function containerOf(pod: KubeObject, wanted: string): string {
  const spec = isRecord(pod.spec) ? pod.spec : {};
  const namesOf = (list: unknown) =>
    Array.isArray(list) ? list.map((item: { name?: string }) => item.name ?? '') : [];
  const containers = namesOf(spec.containers);
  const all = [...containers, ...namesOf(spec.initContainers)];
  const { name, annotations } = pod.metadata;
  if (wanted !== '') {
    if (all.includes(wanted)) return wanted;
    throw new ApiError('BadRequest', `container ${wanted} is not valid for pod ${name}`);
  }
  const preferred = annotations?.['kubectl.kubernetes.io/default-container'];
  if (preferred !== undefined && all.includes(preferred)) return preferred;
  const [only] = containers;
  if (containers.length === 1 && only !== undefined) return only;
  throw new ApiError(
    'BadRequest',
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]`,
  );
}
