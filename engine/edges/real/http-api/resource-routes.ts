import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '#api/access/access.ts';
import type { AuditSink } from '#api/audit/record.ts';
import { ApiError, notFound } from '#api/errors.ts';
import { applyPatch } from '#api/patch.ts';
import { podSecurityWarnings } from '#api/pod-security/admission.ts';
import type { Resources } from '#api/resources.ts';
import type { ObjectRef } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import { includeObjectOf, negotiateShape, sendJson, shapeList, shapeObject } from './answers.ts';
import { decodeObject, mediaTypeOf, readBody } from './body.ts';
import { findReview } from './discovery.ts';
import { evictPod } from './eviction.ts';
import { GuardedResources, type Requester } from './guarded-resources.ts';
import { isTrue, Lists } from './lists.ts';
import { type LogReader, streamLog } from './logs.ts';
import { parseTarget, type Target, unknownPath } from './request-target.ts';
import { answerReview } from './reviews.ts';
import { scaleOf, writeScale } from './scale.ts';
import { startWatch } from './watches.ts';
import {
  addWarnings,
  patchObjectOf,
  readDeleteOptions,
  readManifest,
  readPatch,
  requireVersion,
  type WriteRequest,
  writeOptions,
} from './writes.ts';

export interface ResourceRouteParts {
  resources: Resources;
  logs: LogReader;
  access: Access;
  audit: AuditSink;
  now: () => number;
}

/** A request about resources, with its answer. */
interface Exchange extends WriteRequest {
  url: URL;
  /** As this client may use them. */
  resources: GuardedResources;
  requester: Requester;
}

/** Everything below `/api/v1` and `/apis/G/V`: finds the verb and carries it out on `Resources`. */
export class ResourceRoutes {
  readonly #parts: ResourceRouteParts;
  readonly #lists: Lists;
  readonly #watches = new Set<() => void>();

  constructor(parts: ResourceRouteParts) {
    this.#parts = parts;
    this.#lists = new Lists(parts.resources.store);
  }

  /** Ends all watches. */
  close(): void {
    for (const end of this.#watches) end();
  }

  async handle(request: IncomingMessage, response: ServerResponse, url: URL, requester: Requester): Promise<void> {
    if (await this.#review(request, response, url, requester)) return;
    const target = parseTarget(url.pathname);
    if (target === undefined) throw unknownPath();
    const resources = new GuardedResources(this.#parts, requester);
    const exchange: Exchange = { request, response, url, target, query: url.searchParams, resources, requester };
    if (target.subresource !== undefined && target.subresource !== 'status') await this.#subresource(exchange);
    else if (target.name === undefined) await this.#collection(exchange);
    else await this.#object(exchange);
  }

  async #review(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    { identity }: Requester,
  ): Promise<boolean> {
    const [, root, group = '', version = '', plural = '', ...more] = url.pathname.split('/');
    const review = root === 'apis' && more.length === 0 ? findReview(group, version, plural) : undefined;
    if (review === undefined) return false;
    if (request.method !== 'POST') throw notAllowed(request, plural);
    const body = decodeObject(await readBody(request), mediaTypeOf(request));
    sendJson(response, 201, answerReview(review.kind, review.apiVersion, body, identity, this.#parts));
    return true;
  }

  async #collection(exchange: Exchange): Promise<void> {
    const { request, response, target, query, resources } = exchange;
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        if (isTrue(query, 'watch')) this.#watch(exchange);
        else this.#list(exchange);
        return;
      case 'POST': {
        if (target.kind.namespaced && target.namespace === undefined) throw notAllowed(request, target.kind.plural);
        const shape = negotiateShape(request);
        const created = resources.create(await readManifest(exchange), writeOptions(exchange));
        this.#warn(exchange, created, undefined);
        sendJson(response, 201, this.#shaped(shape, exchange, created));
        return;
      }
      case 'DELETE':
        await this.#deleteCollection(exchange);
        return;
      default:
        throw notAllowed(request, target.kind.plural);
    }
  }

  #list({ request, response, target, url, query, resources, requester }: Exchange): void {
    const shape = negotiateShape(request);
    const viewer = {
      name: requester.identity.username,
      mayRead: (object: KubeObject) => resources.mayRead(object),
    };
    const { items, metadata } = this.#lists.list(target, query, viewer);
    const options = { includeObject: includeObjectOf(url), withColumns: true, nowMs: this.#parts.now() };
    sendJson(response, 200, shapeList(shape, target.kind, items, metadata, options));
  }

  #watch({ request, response, target, url, query, resources, requester }: Exchange): void {
    const end = startWatch(this.#parts.resources.store, response, {
      target,
      query,
      shape: negotiateShape(request),
      table: { includeObject: includeObjectOf(url) },
      mayRead: requester.identity.claims === undefined ? undefined : (object) => resources.mayRead(object),
      now: this.#parts.now,
    });
    this.#watches.add(end);
    response.once('close', () => this.#watches.delete(end));
  }

  async #deleteCollection(exchange: Exchange): Promise<void> {
    const { target, query, response, resources } = exchange;
    const options = await readDeleteOptions(exchange);
    const deleted = this.#lists
      .select(target, query)
      .filter((object) => resources.mayRead(object))
      .map((object) => resources.delete(refTo(target, object.metadata.namespace, object.metadata.name), options));
    const metadata = { resourceVersion: String(this.#parts.resources.store.resourceVersion) };
    const table = { includeObject: 'Metadata', withColumns: true, nowMs: this.#parts.now() } as const;
    sendJson(response, 200, shapeList('object', target.kind, deleted, metadata, table));
  }

  async #object(exchange: Exchange): Promise<void> {
    const { request, response, target, query, resources } = exchange;
    const ref = refTo(target, target.namespace, target.name as string);
    if (target.subresource === 'status' && target.kind.status !== 'subresource') throw unknownPath();
    const shape = negotiateShape(request);
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        if (isTrue(query, 'watch')) this.#watch(exchange);
        else sendJson(response, 200, this.#shaped(shape, exchange, resources.get(ref)));
        return;
      case 'PUT': {
        const manifest = await readManifest(exchange);
        requireVersion(target.kind, manifest);
        const previous = this.#stored(ref);
        const replaced = resources.replace(manifest, writeOptions(exchange));
        this.#warn(exchange, replaced, previous);
        sendJson(response, 200, this.#shaped(shape, exchange, replaced));
        return;
      }
      case 'PATCH': {
        const patch = await readPatch(exchange);
        const previous = this.#stored(ref);
        const patched = patchObjectOf(resources, exchange, ref, patch);
        this.#warn(exchange, patched, previous);
        sendJson(response, 200, this.#shaped(shape, exchange, patched));
        return;
      }
      case 'DELETE':
        await this.#delete(exchange, ref);
        return;
      default:
        throw notAllowed(request, target.kind.plural);
    }
  }

  #stored({ kind, namespace, name }: ObjectRef): KubeObject | undefined {
    return this.#parts.resources.store.get(kind, namespace, name) as KubeObject | undefined;
  }

  /** What a client should know of an object that was taken all the same. */
  #warn({ response, target }: Exchange, object: KubeObject, previous: KubeObject | undefined): void {
    if (
      target.subresource !== undefined ||
      (previous !== undefined && object.spec === previous.spec && object.kind !== 'Namespace')
    )
      return;
    addWarnings(response, podSecurityWarnings(object, previous, this.#parts.resources.store));
  }

  async #delete(exchange: Exchange, ref: ObjectRef): Promise<void> {
    const { response, target, resources } = exchange;
    if (target.subresource !== undefined) throw notAllowed(exchange.request, `${target.kind.plural}/status`);
    const options = await readDeleteOptions(exchange);
    const { store } = resources;
    const last = resources.delete(ref, options);
    const remains = store.get(ref.kind, ref.namespace, ref.name)?.metadata.uid === last.metadata.uid;
    if (remains && options.dryRun !== true) {
      sendJson(response, 200, last);
      return;
    }
    const { group, plural } = target.kind;
    const details = { name: ref.name, ...(group === '' ? {} : { group }), kind: plural, uid: last.metadata.uid };
    sendJson(response, 200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
  }

  async #subresource(exchange: Exchange): Promise<void> {
    const { request, response, target, query, resources } = exchange;
    const { logs } = this.#parts;
    const ref = refTo(target, target.namespace, target.name as string);
    switch (`${target.kind.id}/${target.subresource}`) {
      case 'Pod/log':
        if (request.method !== 'GET') throw notAllowed(request, 'pods/log');
        resources.authoriseLog(ref);
        await streamLog(response, resources.get(ref), query, logs);
        return;
      case 'Pod/eviction': {
        if (request.method !== 'POST') throw notAllowed(request, 'pods/eviction');
        const options = await readEvictionOptions(exchange);
        evictPod(resources.as('evict'), ref, options);
        sendJson(response, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
        return;
      }
      case 'Namespace/finalize': {
        if (request.method !== 'PUT') throw notAllowed(request, 'namespaces/finalize');
        sendJson(response, 200, resources.replace(await readManifest(exchange), writeOptions(exchange)));
        return;
      }
    }
    if (target.subresource !== 'scale') throw unknownPath();
    await this.#scale(exchange, ref);
  }

  async #scale(exchange: Exchange, ref: ObjectRef): Promise<void> {
    const { request, response, target, resources } = exchange;
    const { kind } = target;
    if (kind.scale === undefined) throw notFound(kind, ref.name);
    const before = scaleOf(kind, resources.get(ref));
    switch (request.method) {
      case 'GET':
        sendJson(response, 200, before);
        return;
      case 'PUT': {
        const scale = decodeObject(await readBody(request), mediaTypeOf(request));
        sendJson(response, 200, writeScale(resources.as('scale'), kind, ref, scale, writeOptions(exchange)));
        return;
      }
      case 'PATCH': {
        const read = await readPatch(exchange);
        const patch = read.type === 'strategic' ? { type: 'merge' as const, patch: read.patch } : read;
        const scale = applyPatch(kind, before, patch);
        const { resourceVersion: _read, ...metadata } = scale.metadata;
        const unconditional = patch.type === 'merge' && !mentionsVersion(patch.patch);
        sendJson(
          response,
          200,
          writeScale(
            resources.as('scale'),
            kind,
            ref,
            unconditional ? { ...scale, metadata } : scale,
            writeOptions(exchange),
          ),
        );
        return;
      }
      default:
        throw notAllowed(request, `${kind.plural}/scale`);
    }
  }

  #shaped(shape: ReturnType<typeof negotiateShape>, { target, url }: Exchange, object: KubeObject): unknown {
    const options = { includeObject: includeObjectOf(url), withColumns: true, nowMs: this.#parts.now() };
    return shapeObject(shape, target.kind, object, options);
  }
}

function mentionsVersion(patch: Record<string, unknown>): boolean {
  return typeof patch.metadata === 'object' && patch.metadata !== null && 'resourceVersion' in patch.metadata;
}

/** An Eviction carries its DeleteOptions in `deleteOptions`. */
async function readEvictionOptions({ request, query }: Exchange) {
  const body = decodeObject(await readBody(request), mediaTypeOf(request));
  const options = (body.deleteOptions ?? {}) as { gracePeriodSeconds?: number; dryRun?: string[] };
  const grace = options.gracePeriodSeconds;
  const dryRun = [...query.getAll('dryRun'), ...(options.dryRun ?? [])].includes('All');
  return { ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}), dryRun };
}

function refTo(target: Target, namespace: string | undefined, name: string): ObjectRef {
  return { kind: target.kind.id, namespace, name };
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

function notAllowed(request: IncomingMessage, resource: string): ApiError {
  const verb = VERBS[request.method ?? ''] ?? (request.method ?? 'this method').toLowerCase();
  return new ApiError('MethodNotAllowed', `${verb} is not supported on resources of kind "${resource}"`);
}
