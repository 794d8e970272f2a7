import type { KindId, ObjectOf } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { ApiClient } from './api-client.ts';

const WATCHED = [
  'Application.argoproj.io',
  'Rollout.argoproj.io',
  'AnalysisRun.argoproj.io',
  'Ingress.networking.k8s.io',
  'Pod',
  'Event',
] as const satisfies readonly KindId[];
type Watched = (typeof WATCHED)[number];

/** A write as it was seen by a watch. `version` is the store's one counter, so it orders writes of different kinds. */
export interface Sighting<Id extends Watched = Watched> {
  atMs: number;
  version: number;
  deleted: boolean;
  object: ObjectOf<Id>;
}

interface Waiter {
  check(): boolean;
}

/** Nothing that a test waits for takes this long, on any machine that can run it at all. */
const WAIT_MS_MAX = 120_000;

/**
 * What a person with `kubectl get -w` on everything would know: the newest state of each object, and every write in
 * the order of arrival. Waiting is looking again after each write.
 */
export class World {
  readonly #objects = new Map<string, KubeObject>();
  readonly #history = new Map<Watched, Sighting[]>();
  readonly #watches: { close(): void }[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #api: ApiClient;

  private constructor(api: ApiClient) {
    this.#api = api;
  }

  static async open(api: ApiClient): Promise<World> {
    const world = new World(api);
    for (const id of WATCHED) {
      const { items, version } = await api.list(id);
      for (const item of items) world.#see(id, item as KubeObject, false);
      world.#watches.push(
        await api.watch(id, version, ({ type, object }) => {
          if (type !== 'BOOKMARK' && type !== 'ERROR') world.#see(id, object, type === 'DELETED');
        }),
      );
    }
    return world;
  }

  #see(id: Watched, object: KubeObject, deleted: boolean): void {
    const key = keyOf(id, object.metadata.namespace, object.metadata.name);
    if (deleted) this.#objects.delete(key);
    else this.#objects.set(key, object);
    const history = this.#history.get(id) ?? [];
    const version = Number(object.metadata.resourceVersion);
    history.push({ atMs: Date.now(), version, deleted, object: object as Sighting['object'] });
    this.#history.set(id, history);
    for (const waiter of [...this.#waiters]) if (waiter.check()) this.#waiters.delete(waiter);
  }

  find<Id extends Watched>(id: Id, namespace: string, name: string): ObjectOf<Id> | undefined {
    return this.#objects.get(keyOf(id, namespace, name)) as ObjectOf<Id> | undefined;
  }

  all<Id extends Watched>(id: Id, namespace: string): ObjectOf<Id>[] {
    const prefix = keyOf(id, namespace, '');
    return [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object as ObjectOf<Id>);
  }

  /** Objects of a kind at the last state that was seen, those that are gone included. */
  everSeen<Id extends Watched>(id: Id, namespace: string): ObjectOf<Id>[] {
    const last = new Map<string, ObjectOf<Id>>();
    for (const { object } of this.#history.get(id) ?? []) {
      const { metadata } = object as KubeObject;
      if (metadata.namespace === namespace) last.set(metadata.uid, object as ObjectOf<Id>);
    }
    return [...last.values()];
  }

  /** Every write of one object that was seen, oldest first; the first is the state at the beginning of the watch. */
  history<Id extends Watched>(id: Id, namespace: string, name: string): Sighting<Id>[] {
    const all = (this.#history.get(id) ?? []) as Sighting<Id>[];
    return all.filter(({ object }) => {
      const { metadata } = object as KubeObject;
      return metadata.namespace === namespace && metadata.name === name;
    });
  }

  /**
   * Resolves with the first truthy value of `look`, which is called now and after each write that is seen. Rejects with
   * the state of the world when that takes too long.
   */
  async until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    const value = await this.#firstSight(what, look);
    await this.#catchUp();
    return value;
  }

  /** Kinds arrive on connections of their own: lets those that were written before this moment arrive as well. */
  async #catchUp(): Promise<void> {
    await this.#api.list('Namespace');
    await new Promise((resolve) => setImmediate(resolve));
  }

  #firstSight<T>(what: string, look: () => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`waited in vain for: ${what}\n${this.describe()}`));
      }, WAIT_MS_MAX);
      const waiter: Waiter = {
        check: () => {
          const value = look();
          if (value === undefined || value === false) return false;
          clearTimeout(limit);
          resolve(value);
          return true;
        },
      };
      if (!waiter.check()) this.#waiters.add(waiter);
    });
  }

  /** One line per object that says how things stand, and the last events. */
  describe(): string {
    const lines = [...this.#objects].filter(([key]) => !key.startsWith('Event/')).map(([key, o]) => lineOf(key, o));
    const events = (this.#history.get('Event') ?? []).slice(-20).map(({ object }) => {
      const { involvedObject, reason, message } = object as ObjectOf<'Event'>;
      return `  ${involvedObject.kind}/${involvedObject.name} ${reason}: ${message}`;
    });
    return [...lines.sort(), 'last events:', ...events].join('\n');
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
  }
}

function keyOf(id: Watched, namespace: string | undefined, name: string): string {
  return `${id}/${namespace}/${name}`;
}

/** The part of a status that says why something does not go on. */
function lineOf(key: string, object: KubeObject): string {
  const { status, metadata } = object as KubeObject & { status?: Record<string, unknown> };
  const { phase, message, health, sync, conditions, currentStepIndex, operationState, containerStatuses } =
    status ?? {};
  const facts = { phase, message, currentStepIndex, health, conditions, containerStatuses };
  const operation = operationState as { phase?: string; message?: string } | undefined;
  const application = sync === undefined ? {} : { sync: (sync as { status?: string }).status, operation };
  const text = JSON.stringify({
    ...facts,
    ...application,
    operation: operation === undefined ? undefined : `${operation.phase}: ${operation.message}`,
    annotations: key.startsWith('Ingress') ? metadata.annotations : undefined,
  });
  return `${key} ${text.slice(0, 1500)}`;
}
