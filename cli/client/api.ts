import type { IncomingMessage } from 'node:http';
import {
  apiVersionOf,
  findKind,
  type KindId,
  type ObjectOf,
  type ResourceKind,
} from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import type { ServerTable } from '../view/server-table.ts';
import { type Connection, type HttpCall, readBody, send } from './connection.ts';

/** The API refused a request; `code` and `reason` are those of its Status object. */
export class ApiFailure extends CliError {
  override name = 'ApiFailure';
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super({ what: message, exitCode: code === 403 ? EXIT_CODES.blocked : EXIT_CODES.usage, fix: fixFor(code) });
    this.code = code;
    this.reason = reason;
  }
}

function fixFor(code: number): string | undefined {
  if (code === 401)
    return 'the token is not (or no longer) one of this API; run "pern up" again, name another kubeconfig, or issue a new token for --auth-token';
  if (code === 403)
    return 'ask for the right ("pern account can-i" and "pern rbac can" tell which line gives it), or use another token or context';
  return undefined;
}

export interface ListQuery {
  /** Undefined: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ObjectList<T> {
  items: T[];
  resourceVersion: string;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

export type PatchKind = 'merge' | 'json';

const TABLE_ACCEPT = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** The Kubernetes API as the commands use it: plain objects in, plain objects out, errors as ApiFailure. */
export class Api {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  async get<Id extends KindId>(id: Id, namespace: string | undefined, name: string): Promise<ObjectOf<Id>> {
    return (await this.getKind(kindOf(id), namespace, name)) as ObjectOf<Id>;
  }

  async getKind(kind: ResourceKind, namespace: string | undefined, name: string): Promise<KubeObject> {
    return (await this.json({ method: 'GET', path: objectPath(kind, namespace, name) })) as KubeObject;
  }

  /** As get, but undefined when there is none. */
  async find<Id extends KindId>(id: Id, namespace: string, name: string): Promise<ObjectOf<Id> | undefined> {
    try {
      return await this.get(id, namespace, name);
    } catch (error) {
      if (error instanceof ApiFailure && error.code === 404) return undefined;
      throw error;
    }
  }

  async list<Id extends KindId>(id: Id, query: ListQuery = {}): Promise<ObjectList<ObjectOf<Id>>> {
    return this.listKind(kindOf(id), query) as Promise<ObjectList<ObjectOf<Id>>>;
  }

  /** Objects of a kind that need not be in the table of kinds. Items always carry apiVersion and kind. */
  async listKind(kind: ResourceKind, query: ListQuery = {}): Promise<ObjectList<KubeObject>> {
    const body = (await this.json({ method: 'GET', path: listPath(kind, query) })) as {
      metadata?: { resourceVersion?: string };
      items?: KubeObject[];
    };
    const items = (body.items ?? []).map((item) => ({ ...item, apiVersion: apiVersionOf(kind), kind: kind.kind }));
    return { items, resourceVersion: body.metadata?.resourceVersion ?? '' };
  }

  /** One object or a list as the server prints it (kubernetes-api.md §8); the plain object or list where it does not. */
  async table(kind: ResourceKind, query: ListQuery, name?: string): Promise<ServerTable> {
    const path = name === undefined ? listPath(kind, query) : objectPath(kind, query.namespace, name);
    return (await this.json({ method: 'GET', path, accept: TABLE_ACCEPT })) as ServerTable;
  }

  /** Creates an object; what it comes back as has its name, when that was to be generated. */
  async create<Id extends KindId>(id: Id, namespace: string | undefined, manifest: unknown): Promise<ObjectOf<Id>> {
    const body = JSON.stringify(manifest);
    const path = listPath(kindOf(id), { namespace });
    return (await this.json({ method: 'POST', path, contentType: 'application/json', body })) as ObjectOf<Id>;
  }

  /** Deletes an object; what belongs to it goes as `propagation` says, the kind's own way without. */
  async delete(
    kind: ResourceKind,
    namespace: string | undefined,
    name: string,
    propagation?: 'Foreground' | 'Background' | 'Orphan',
  ): Promise<void> {
    const body = propagation === undefined ? {} : { body: JSON.stringify({ propagationPolicy: propagation }) };
    await this.json({
      method: 'DELETE',
      path: objectPath(kind, namespace, name),
      contentType: 'application/json',
      ...body,
    });
  }

  /** Patches an object or, with `subresource`, its status. */
  async patch(
    id: KindId,
    target: { namespace: string | undefined; name: string; subresource?: 'status' },
    patch: unknown,
    as: PatchKind = 'merge',
  ): Promise<KubeObject> {
    const path = objectPath(kindOf(id), target.namespace, target.name);
    return (await this.json({
      method: 'PATCH',
      path: target.subresource === undefined ? path : `${path}/${target.subresource}`,
      contentType: as === 'merge' ? 'application/merge-patch+json' : 'application/json-patch+json',
      body: JSON.stringify(patch),
    })) as KubeObject;
  }

  /**
   * Changes after `resourceVersion`, until the server ends the stream (returns) or `signal` aborts (returns too).
   * Throws ApiFailure with code 410 when the version is too old to watch from.
   */
  async watch(
    kind: ResourceKind,
    query: ListQuery & { resourceVersion: string },
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const path = listPath(kind, query, {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: query.resourceVersion,
    });
    try {
      const message = await this.#send({ method: 'GET', path, signal });
      for await (const line of textLines(message)) {
        const event = JSON.parse(line) as WatchEvent;
        if (event.type === 'ERROR') throw failureOf(event.object as unknown as Record<string, unknown>, 500);
        onEvent(event);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** The log of one container, as it comes. */
  async *logs(
    pod: { namespace: string; name: string },
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const search = new URLSearchParams(query).toString();
    const path = `${objectPath(kindOf('Pod'), pod.namespace, pod.name)}/log${search === '' ? '' : `?${search}`}`;
    try {
      const message = await this.#send({ method: 'GET', path, accept: 'text/plain, application/json', signal });
      message.setEncoding('utf8');
      for await (const part of message) yield part as string;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Any JSON endpoint behind the same door. Throws ApiFailure for an answer other than 2xx. */
  async json(call: HttpCall): Promise<unknown> {
    const message = await this.#send(call);
    const text = await readBody(message);
    try {
      return JSON.parse(text);
    } catch {
      throw new CliError({
        what: 'the API answered something that is not JSON',
        where: call.path,
        why: text.slice(0, 200),
      });
    }
  }

  async #send(call: HttpCall): Promise<IncomingMessage> {
    const message = await send(this.connection, call);
    const code = message.statusCode ?? 0;
    if (code >= 200 && code < 300) return message;
    const text = await readBody(message);
    throw failureOf(parseStatus(text) ?? { message: text.trim() || `${call.method} ${call.path}: HTTP ${code}` }, code);
  }
}

function parseStatus(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function failureOf(status: Readonly<Record<string, unknown>>, fallbackCode: number): ApiFailure {
  const code = typeof status.code === 'number' ? status.code : fallbackCode;
  return new ApiFailure(code, String(status.reason ?? ''), String(status.message ?? `HTTP ${code}`));
}

function kindOf(id: KindId): ResourceKind {
  const kind = findKind(id);
  if (kind === undefined) throw new Error(`the kind ${id} is not in the table of kinds`);
  return kind;
}

/** `/apis/apps/v1/namespaces/NS/replicasets`; a namespace is left out for cluster-scoped kinds. */
function collectionPath(kind: ResourceKind, namespace: string | undefined): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${kind.plural}`;
}

export function objectPath(kind: ResourceKind, namespace: string | undefined, name: string): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

export function listPath(kind: ResourceKind, query: ListQuery, more: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(more);
  if (query.labelSelector !== undefined) search.set('labelSelector', query.labelSelector);
  if (query.fieldSelector !== undefined) search.set('fieldSelector', query.fieldSelector);
  const text = search.toString();
  return `${collectionPath(kind, query.namespace)}${text === '' ? '' : `?${text}`}`;
}

/** Splits a byte stream into lines; what follows the last line end is a line too. */
export async function* textLines(message: AsyncIterable<unknown> & { setEncoding?(encoding: 'utf8'): unknown }) {
  message.setEncoding?.('utf8');
  let rest = '';
  for await (const part of message) {
    const lines = (rest + String(part)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
  if (rest !== '') yield rest;
}
