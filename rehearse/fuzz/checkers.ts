import { controllerOf } from '../../engine/vocabulary/kube/object.ts';
import type { World } from '../run/installation.ts';
import { imageOf, type Rollout, splitImage } from '../world/map.ts';
import { assessSync } from './sync-checker.ts';

/** A promise that was broken: which one, when, and what was seen. */
export interface Violation {
  promise: string;
  atMs: number;
  seen: string;
}

/** After a verdict the weight is taken back in the same plan; the table follows within this time. */
const VERDICT_GRACE_MS = 2000;
/** Changes of weight between two events of the story that still are no flapping: an up, an abort, a retry of another revision. */
const TURNS_MAX = 4;

interface Watched {
  failedHashes: Map<string, number>;
  weights: number[];
  hash: string;
  turns: number;
}

/** Looks at a world from outside, after every step; shares nothing with the controllers it judges. */
export class Checkers {
  readonly violations: Violation[] = [];
  readonly #world: World;
  readonly #watched = new Map<string, Watched>();
  readonly #syncs = new Map<string, string>();
  #version = -1;
  #table: unknown;

  constructor(world: World) {
    this.#world = world;
  }

  /** To be called after every step of a controller. */
  look(): void {
    const { simulation } = this.#world;
    const { resourceVersion } = simulation.engine.store;
    if (resourceVersion === this.#version && this.#table === simulation.traffic.table) return;
    this.#version = resourceVersion;
    this.#table = simulation.traffic.table;
    for (const environment of this.#world.environments) {
      for (const { name } of environment.components) this.#lookAt(environment.namespace, name);
      this.#lookAtSync(environment.application);
    }
    this.#lookAtPods();
  }

  /** At the end of the story. `isSettled`: nothing goes on that would end without a person. */
  end(isSettled: boolean): void {
    for (const environment of this.#world.environments) {
      for (const { name } of environment.components) this.#lookAtEnd(environment.namespace, name, isSettled);
    }
  }

  #break(promise: string, seen: string): void {
    if (this.violations.some((known) => known.promise === promise)) return;
    this.violations.push({ promise, atMs: this.#world.simulation.time.now(), seen });
  }

  #lookAt(namespace: string, name: string): void {
    const { simulation } = this.#world;
    const rollout = simulation.engine.store.get('Rollout.argoproj.io', namespace, name);
    const hash = rollout?.status?.currentPodHash;
    if (rollout === undefined || hash === undefined) return;
    const key = `${namespace}/${name}`;
    const watched = this.#watched.get(key) ?? { failedHashes: new Map(), weights: [], hash, turns: 0 };
    this.#watched.set(key, watched);
    if (watched.hash !== hash) Object.assign(watched, { hash, weights: [], turns: 0 });
    this.#noteVerdicts(namespace, name, watched);
    this.#checkWeight(rollout, namespace, watched);
    this.#checkCapacity(rollout, namespace, name);
  }

  #noteVerdicts(namespace: string, name: string, watched: Watched): void {
    const nowMs = this.#world.simulation.time.now();
    for (const run of this.#world.simulation.engine.store.list('AnalysisRun.argoproj.io', namespace)) {
      if (controllerOf(run as never)?.name !== name) continue;
      const hash = run.metadata?.labels?.['rollouts-pod-template-hash'];
      const phase = run.status?.phase;
      if (hash !== undefined && (phase === 'Failed' || phase === 'Error') && !watched.failedHashes.has(hash))
        watched.failedHashes.set(hash, nowMs);
    }
  }

  /** No traffic to a version that failed analysis after its verdict; weights do not flap. */
  #checkWeight(rollout: Rollout, namespace: string, watched: Watched): void {
    const { simulation } = this.#world;
    const stable = rollout.spec?.strategy?.canary?.stableService;
    const route = simulation.traffic.table.routes.find(
      (one) => one.namespace === namespace && one.backend.service === stable,
    );
    const weight = route?.canary?.weight ?? 0;
    const { currentPodHash: hash = '', stableRS } = rollout.status ?? {};
    const failedMs = watched.failedHashes.get(hash);
    if (failedMs !== undefined && hash !== stableRS && weight > 0) {
      if (simulation.time.now() - failedMs > VERDICT_GRACE_MS && rollout.status?.abort !== undefined)
        this.#break(
          'no traffic to a version after its analysis failed',
          `${namespace}/${rollout.metadata?.name} still gives ${weight} % to ${hash}`,
        );
    }
    // What the controller wants: the table also drops a version that has no ready pod.
    const wanted = Number(
      (rollout.status as { canary?: { weights?: { canary?: { weight?: number } } } }).canary?.weights?.canary?.weight ??
        0,
    );
    const [before, last] = watched.weights.slice(-2);
    if (wanted === (last ?? before)) return;
    if (before !== undefined && last !== undefined && Math.sign(wanted - last) !== Math.sign(last - before))
      watched.turns++;
    watched.weights.push(wanted);
    if (watched.turns > TURNS_MAX) this.#break('nothing flaps', `weights of ${hash}: ${watched.weights.join(' ')}`);
  }

  /** Users of the stable version always have pods, unless somebody outside ended them. */
  #checkCapacity(rollout: Rollout, namespace: string, name: string): void {
    const store = this.#world.simulation.engine.store;
    const { stableRS, currentPodHash } = rollout.status ?? {};
    const wanted = rollout.spec?.replicas ?? 1;
    if (stableRS === undefined || stableRS === '') return;
    const pods = store
      .list('Pod', namespace)
      .filter(({ metadata }) => controllerOf({ metadata } as never)?.name.startsWith(`${name}-`));
    const mine = pods.filter(
      ({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase !== 'Failed',
    );
    const stable = mine.filter(({ metadata }) => metadata?.labels?.['rollouts-pod-template-hash'] === stableRS);
    // A rolling replacement of the stable set itself (both are the same revision) may lack one.
    if (
      stableRS !== currentPodHash &&
      rollout.spec?.strategy?.canary?.dynamicStableScale !== true &&
      stable.length < wanted
    )
      this.#break('the stable version keeps its pods', `${namespace}/${name} has ${stable.length} of ${wanted}`);
  }

  #lookAtSync(name: string): void {
    const application = this.#world.simulation.engine.store
      .list('Application.argoproj.io')
      .find(({ metadata }) => metadata?.name === name);
    const problem = application === undefined ? undefined : assessSync(this.#world, application, this.#syncs);
    if (problem !== undefined) this.#break('no sync in a closed window or at an unsigned commit', problem);
  }

  /** No lost or doubled pod: a sandbox for each running pod, and a pod for each sandbox in the end. */
  #lookAtPods(): void {
    const { engine, node } = this.#world.simulation;
    const seen = new Set<string>();
    for (const { namespace, name, podUid } of node.sandboxes()) {
      const key = `${namespace}/${name}`;
      const pod = engine.store.get('Pod', namespace, name);
      if (seen.has(key) && pod?.metadata?.uid === podUid) this.#break('no doubled pod', `${key} runs twice`);
      seen.add(key);
    }
  }

  #lookAtEnd(namespace: string, name: string, isSettled: boolean): void {
    const { engine, node } = this.#world.simulation;
    const rollout = engine.store.get('Rollout.argoproj.io', namespace, name);
    if (rollout === undefined) return;
    const { status } = rollout;
    if (!isSettled && status?.phase === 'Progressing' && !status.message)
      this.#break(
        'every rollout ends, or says what it waits for',
        `${namespace}/${name} is Progressing and says nothing`,
      );
    const route = this.#world.simulation.traffic.table.routes.find(
      (one) => one.namespace === namespace && one.backend.service === rollout.spec?.strategy?.canary?.stableService,
    );
    const isAborted = status?.abort === true;
    if (isSettled && isAborted && (route?.canary?.weight ?? 0) > 0)
      this.#break(
        'an abort ends on the stable version',
        `${splitImage(imageOf(rollout)).tag} still has ${route?.canary?.weight} %`,
      );
    if (!isSettled) return;
    for (const sandbox of node.sandboxes()) {
      if (engine.store.get('Pod', sandbox.namespace, sandbox.name) === undefined)
        this.#break('no lost pod', `a sandbox of ${sandbox.namespace}/${sandbox.name} has no pod`);
    }
  }
}
