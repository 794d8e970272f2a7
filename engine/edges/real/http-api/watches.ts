import type { ServerResponse } from 'node:http';
import { ApiError } from '#api/errors.ts';
import { parseSelection, type Selection } from '#api/selection.ts';
import type { TableOptions } from '#api/tables/table.ts';
import { apiVersionOf, kindIdOf } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import { ExpiredError, type Store, type WatchEvent } from '#store/store.ts';
import { type Shape, shapeObject } from './answers.ts';
import { checkWatchOptions, isTrue, wholeNumber } from './lists.ts';
import type { Target } from './request-target.ts';

const BOOKMARK_MS = 60_000;
const TIMEOUT_MIN_SECONDS = 1800;
/** A client that reads this much slower than events come is cut off; it lists and watches again. */
const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;

export interface WatchRequest {
  target: Target;
  query: URLSearchParams;
  shape: Shape;
  table: Omit<TableOptions, 'withColumns' | 'nowMs'>;
  /** Whether the watcher may see an object. Undefined: everything. */
  mayRead: ((object: KubeObject) => boolean) | undefined;
  now: () => number;
}

/**
 * Streams the events of a collection as JSON lines until the client goes, `timeoutSeconds` pass or the server closes
 * (kubernetes-api.md §9.2). Returns the function that ends the stream.
 */
export function startWatch(store: Store, response: ServerResponse, request: WatchRequest): () => void {
  const { query, target } = request;
  const { withInitialEvents } = checkWatchOptions(query);
  const matches = parseSelection(target.kind, query.get('labelSelector') ?? '', selectorWithName(target, query));
  const selected = visible(store, matches, request.mayRead);
  const from = wholeNumber(query, 'resourceVersion') ?? 0;
  const timeoutSeconds = wholeNumber(query, 'timeoutSeconds') || TIMEOUT_MIN_SECONDS;
  const stream = new EventStream(response, request, selected);
  const past = from === 0 || withInitialEvents ? undefined : eventsSince(store, from);
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache' });
  response.flushHeaders();
  if (past instanceof ApiError) {
    stream.write('ERROR', past.toStatus());
    response.end();
    return () => {};
  }
  if (past === undefined) stream.writeInitial(store.list(target.kind.id, target.namespace) as readonly KubeObject[]);
  if (withInitialEvents) stream.bookmark(store.resourceVersion, true);
  for (const event of past ?? []) stream.deliver(event);
  const unsubscribe = store.subscribe((event) => {
    if (event.resourceVersion > from || past === undefined) stream.deliver(event);
  });
  const bookmarks = isTrue(query, 'allowWatchBookmarks')
    ? setInterval(() => stream.bookmark(store.resourceVersion, false), BOOKMARK_MS)
    : undefined;
  const end = () => response.end();
  const timer = setTimeout(end, timeoutSeconds * 1000);
  response.once('close', () => {
    unsubscribe();
    clearInterval(bookmarks);
    clearTimeout(timer);
  });
  return end;
}

/**
 * What matches and may be seen. Whose an object is can no longer be told once its owners are gone, so what a watcher has
 * seen it also sees go.
 */
function visible(store: Store, matches: Selection, mayRead: WatchRequest['mayRead']): Selection {
  if (mayRead === undefined) return matches;
  const seen = new Set<string>();
  return (object) => {
    const { uid } = object.metadata;
    if (!matches(object)) return false;
    if (mayRead(object)) seen.add(uid);
    else return seen.has(uid) && store.byUid(uid) === undefined;
    return true;
  };
}

/** A watch on one name (`/pods/p?watch=true`) is a watch on the collection with a field selector. */
function selectorWithName(target: Target, query: URLSearchParams): string {
  const given = query.get('fieldSelector') ?? '';
  if (target.name === undefined) return given;
  return given === '' ? `metadata.name=${target.name}` : `${given},metadata.name=${target.name}`;
}

function eventsSince(store: Store, from: number): readonly WatchEvent[] | ApiError {
  try {
    return store.eventsSince(from);
  } catch (error) {
    if (error instanceof ExpiredError) return new ApiError('Expired', error.message);
    throw error;
  }
}

class EventStream {
  readonly #response: ServerResponse;
  readonly #request: WatchRequest;
  readonly #selected: Selection;
  #columnsSent = false;

  constructor(response: ServerResponse, request: WatchRequest, selected: Selection) {
    this.#response = response;
    this.#request = request;
    this.#selected = selected;
  }

  writeInitial(objects: readonly KubeObject[]): void {
    for (const object of objects) if (this.#selected(object)) this.#object('ADDED', object);
  }

  /** A change that enters the selection is ADDED for this watcher, one that leaves it DELETED. */
  deliver(event: WatchEvent): void {
    const { kind, namespace } = this.#request.target;
    if (kindIdOf(event.object) !== kind.id) return;
    if (namespace !== undefined && event.object.metadata.namespace !== namespace) return;
    const isIn = this.#selected(event.object);
    if (event.type !== 'MODIFIED') {
      if (isIn) this.#object(event.type, event.object);
      return;
    }
    const wasIn = event.previous !== undefined && this.#selected(event.previous);
    if (isIn) this.#object(wasIn ? 'MODIFIED' : 'ADDED', event.object);
    else if (wasIn) this.#object('DELETED', event.object);
  }

  bookmark(resourceVersion: number, endsInitialEvents: boolean): void {
    const { kind } = this.#request.target;
    const annotations = endsInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
    const metadata = { resourceVersion: String(resourceVersion), creationTimestamp: null, ...annotations };
    if (this.#request.shape === 'table') {
      const object = { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata };
      this.write('BOOKMARK', {
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { resourceVersion: String(resourceVersion) },
        columnDefinitions: null,
        rows: [{ cells: [], object }],
      });
    } else if (this.#request.shape === 'metadata') {
      this.write('BOOKMARK', { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata });
    } else this.write('BOOKMARK', { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata });
  }

  write(type: string, object: unknown): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.write(`${JSON.stringify({ type, object })}\n`);
    if (this.#response.writableLength > BACKLOG_BYTES_MAX) this.#response.destroy();
  }

  #object(type: string, object: KubeObject): void {
    const { shape, target, table, now } = this.#request;
    const options = { ...table, withColumns: !this.#columnsSent, nowMs: now() };
    this.#columnsSent = true;
    this.write(type, shapeObject(shape, target.kind, object, options));
  }
}
