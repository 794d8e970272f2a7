import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { parse } from 'yaml';
import { findKind, type KindId, type ObjectOf } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';

export interface Answer {
  status: number;
  body: unknown;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { token: string } }[];
}

interface Call {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  body?: unknown;
  contentType?: string;
  /** Instead of the kubeconfig's; undefined sends none. */
  token?: string | undefined;
  headers?: Record<string, string>;
}

/** The engine's API as a test uses it, through the kubeconfig that the engine wrote. */
export class ApiClient {
  readonly #server: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(kubeconfigFile: string) {
    const config = parse(readFileSync(kubeconfigFile, 'utf8')) as Kubeconfig;
    const { cluster } = config.clusters[0] as Kubeconfig['clusters'][number];
    this.#server = cluster.server;
    this.#token = (config.users[0] as Kubeconfig['users'][number]).user.token;
    this.#agent = new Agent({ ca: Buffer.from(cluster['certificate-authority-data'], 'base64'), keepAlive: true });
  }

  /** One request. Never throws for a status; see `ok`. */
  async call(call: Call): Promise<Answer> {
    const message = await this.#send(call);
    let text = '';
    for await (const chunk of message.setEncoding('utf8')) text += chunk as string;
    return { status: message.statusCode ?? 0, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  /** The body of an answer of 2xx; throws with the answer otherwise. */
  async ok(call: Call): Promise<unknown> {
    const { status, body } = await this.call(call);
    if (status >= 200 && status < 300) return body;
    throw new Error(`${call.method} ${call.path} answered ${status}: ${JSON.stringify(body)}`);
  }

  async get<Id extends KindId>(id: Id, namespace: string | undefined, name: string): Promise<ObjectOf<Id>> {
    return (await this.ok({ method: 'GET', path: `${pathOf(id, namespace)}/${name}` })) as ObjectOf<Id>;
  }

  async list<Id extends KindId>(id: Id, namespace?: string): Promise<{ items: ObjectOf<Id>[]; version: string }> {
    const body = (await this.ok({ method: 'GET', path: pathOf(id, namespace) })) as {
      metadata: { resourceVersion: string };
      items: ObjectOf<Id>[];
    };
    return { items: body.items, version: body.metadata.resourceVersion };
  }

  async patchStatus(id: KindId, namespace: string, name: string, status: object): Promise<void> {
    const path = `${pathOf(id, namespace)}/${name}/status`;
    await this.ok({ method: 'PATCH', path, body: { status }, contentType: 'application/merge-patch+json' });
  }

  async build(image: { component: string; version: string; faults?: string }): Promise<void> {
    await this.ok({ method: 'POST', path: '/pern/v1/builds', body: image });
  }

  /** Follows all objects of a kind from a version on, until the connection ends or `close` is called. */
  async watch(id: KindId, fromVersion: string, onEvent: (event: WatchEvent) => void): Promise<{ close(): void }> {
    const path = `${pathOf(id, undefined)}?watch=true&resourceVersion=${fromVersion}`;
    const message = await this.#send({ method: 'GET', path });
    if (message.statusCode !== 200) throw new Error(`GET ${path} answered ${message.statusCode}`);
    let rest = '';
    message.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') onEvent(JSON.parse(line) as WatchEvent);
    });
    // The end of the engine ends its watches; whoever waits for something has a time limit of its own.
    message.on('error', () => {});
    return { close: () => message.destroy() };
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(call: Call): Promise<IncomingMessage> {
    const token = 'token' in call ? call.token : this.#token;
    const headers: Record<string, string> = { accept: 'application/json', ...call.headers };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (call.body !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.#server}${call.path}`, { method: call.method, agent: this.#agent, headers });
      outgoing.once('response', resolve).once('error', reject);
      outgoing.end(call.body === undefined ? undefined : JSON.stringify(call.body));
    });
  }
}

function pathOf(id: KindId, namespace: string | undefined): string {
  const kind = findKind(id);
  if (kind === undefined) throw new Error(`no kind ${id}`);
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  return namespace === undefined ? `${root}/${kind.plural}` : `${root}/namespaces/${namespace}/${kind.plural}`;
}
