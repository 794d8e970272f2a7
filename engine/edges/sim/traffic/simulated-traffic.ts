import type { Clock } from '#core/clock.ts';
import type { TrafficPort } from '#edges/ports.ts';
import type { Backend, NameTable, Route, ServiceTable, TrafficTable } from '#machine/traffic.ts';
import { routeMatches } from '../../../stages/traffic/match.ts';
import { cumulativeShares, HEALTHY, type ServiceBehaviour, type ServiceModel } from './behaviour.ts';
import { EdgeCounters } from './edge-counters.ts';

/** Users of one host and path. */
export interface LoadProfile {
  host: string;
  path: string;
  /** Requests per second at a time; must not change between two table changes by more than the caller can bear. */
  requestsPerSecond: (nowMs: number) => number;
}

/** Requests answered under one behaviour. */
export interface AnsweredPart {
  behaviour: ServiceBehaviour;
  ok: number;
  failed: number;
}

/** Requests a pod's program has answered since it started, and what it uses. */
export interface PodCounters {
  ok: number;
  failed: number;
  /** The behaviour now. */
  behaviour: ServiceBehaviour;
  /** By behaviour, in the order in which they came. */
  parts: AnsweredPart[];
  startedMs: number;
  cpuSeconds: number;
  memoryBytes: number;
}

/** Longest stretch that is accounted for with one rate. */
const STRETCH_MS = 300_000;

/** What users saw of one version (image) so far. */
export interface Exposure {
  requests: number;
  failed: number;
}

/** What users of one route saw of one version: `slow` are requests above a second. */
export interface VersionExposure extends Exposure {
  slow: number;
}

/**
 * The modelled data plane: between two changes of the table nothing changes, so requests are accounted for lazily, as
 * rate times time times share, when a table changes or somebody looks. Shares are exact, not drawn: the model shows what
 * is expected; noise is the business of whoever asks for it.
 */
export class SimulatedTraffic implements TrafficPort {
  readonly pods = new Map<string, PodCounters>();
  readonly exposure = new Map<string, Exposure>();
  /** By `namespace/image`: the same, told apart by environment. */
  readonly exposureByNamespace = new Map<string, VersionExposure>();
  /** By namespace of the route that could not answer; '' without a route. */
  readonly unansweredByNamespace = new Map<string, number>();
  /** What the ingress counts. */
  readonly edge = new EdgeCounters();
  /** Requests nobody could answer: no route or no endpoint. */
  unanswered = 0;
  #table: TrafficTable = { routes: [] };
  #names: NameTable = { names: {} };
  #services: ServiceTable = { listeners: [] };
  #accountedMs: number;
  readonly #clock: Clock;
  readonly #profiles: readonly LoadProfile[];
  readonly #imageOf: (pod: string) => string | undefined;
  readonly #behaviourOf: (image: string) => ServiceModel | undefined;
  readonly #onAccounted: () => void;
  #share = 1;
  #seconds = 0;
  #answers: PodCounters[] = [];

  constructor(parts: {
    clock: Clock;
    profiles: readonly LoadProfile[];
    /** The image of a pod (`namespace/name`), as the modelled node runs it. */
    imageOf: (pod: string) => string | undefined;
    behaviourOf: (image: string) => ServiceModel | undefined;
    /** Called when requests were accounted for: the moment to look at what pods use. */
    onAccounted?: () => void;
  }) {
    this.#clock = parts.clock;
    this.#profiles = parts.profiles;
    this.#imageOf = parts.imageOf;
    this.#behaviourOf = parts.behaviourOf;
    this.#onAccounted = parts.onAccounted ?? (() => {});
    this.#accountedMs = parts.clock.now();
  }

  get table(): TrafficTable {
    return this.#table;
  }

  get names(): NameTable {
    return this.#names;
  }

  get services(): ServiceTable {
    return this.#services;
  }

  setTraffic(table: TrafficTable): void {
    this.account();
    this.#table = table;
  }

  setServices(table: ServiceTable): void {
    this.#services = table;
  }

  setNames(table: NameTable): void {
    this.#names = table;
  }

  /** The program of a pod has started anew: what it counted and held is gone. */
  restarted(pod: string): void {
    this.pods.delete(pod);
  }

  /** Lets time up to now pass without requests: the world slept. */
  skip(): void {
    this.#accountedMs = this.#clock.now();
  }

  /** Accounts for all requests up to now. Reading `pods` or `exposure` without it shows an earlier moment. */
  account(): void {
    const nowMs = this.#clock.now();
    if (nowMs <= this.#accountedMs) return;
    while (this.#accountedMs < nowMs) {
      const untilMs = Math.min(nowMs, this.#accountedMs + STRETCH_MS);
      this.#seconds = (untilMs - this.#accountedMs) / 1000;
      for (const profile of this.#profiles) {
        this.#spread(profile, profile.requestsPerSecond(this.#accountedMs) * this.#seconds);
      }
      this.#use(this.#seconds);
      this.#accountedMs = untilMs;
    }
    this.#onAccounted();
  }

  /** What programs use by themselves, requests or none. */
  #use(seconds: number): void {
    for (const counters of this.pods.values()) {
      const { usage } = counters.behaviour;
      if (usage !== undefined) counters.cpuSeconds += (usage.cpuMillis / 1000) * seconds;
    }
  }

  #spread(profile: LoadProfile, requests: number): void {
    const route = this.#table.routes.find((candidate: Route) =>
      routeMatches(candidate, { host: profile.host, path: profile.path, headers: {} }),
    );
    if (route === undefined) {
      this.#nobody('', requests);
      return;
    }
    const { canary, split } = route;
    if (split !== undefined) {
      const total = split.reduce((sum, { weight }) => sum + weight, 0);
      for (const { backend, weight } of split) if (weight > 0) this.#answer(route, backend, requests, weight / total);
      if (total === 0) this.#nobody(route.namespace, requests);
      return;
    }
    const share = canary === undefined ? 0 : Math.min(1, canary.weight / canary.weightTotal);
    if (canary !== undefined && share > 0) this.#answer(route, canary.backend, requests, share, true);
    if (share < 1) this.#answer(route, route.backend, requests, 1 - share);
  }

  #nobody(namespace: string, requests: number): void {
    this.unanswered += requests;
    this.unansweredByNamespace.set(namespace, (this.unansweredByNamespace.get(namespace) ?? 0) + requests);
  }

  #answer(route: Route, backend: Backend, all: number, share: number, isCanary = false): void {
    const requests = all * share;
    this.#share = share;
    this.#answers = [];
    const failed =
      backend.endpoints.length === 0
        ? this.#refuse(route, requests)
        : backend.endpoints.reduce(
            (sum, { pod }) => sum + this.#count(route, pod, requests / backend.endpoints.length),
            0,
          );
    this.edge.count(route, backend, isCanary, requests, failed, this.#answers[0]?.behaviour);
  }

  #refuse(route: Route, requests: number): number {
    this.#nobody(route.namespace, requests);
    return requests;
  }

  /** Returns how many of the requests were answered wrongly, or not at all. */
  #count(route: Route, pod: string, requests: number): number {
    const image = this.#imageOf(pod);
    if (image === undefined) return this.#refuse(route, requests);
    const counters = this.#countersOf(pod, image, requests);
    const { behaviour } = counters;
    const failed = requests * behaviour.errorRate;
    counters.failed += failed;
    counters.ok += requests - failed;
    const part = partOf(counters);
    part.failed += failed;
    part.ok += requests - failed;
    if (behaviour.usage !== undefined) {
      counters.cpuSeconds += (behaviour.usage.cpuMillisPerRequest / 1000) * requests;
      counters.memoryBytes += behaviour.usage.memoryBytesPerRequest * requests;
    }
    this.#answers.push(counters);
    this.#expose(image, pod.slice(0, pod.indexOf('/')), requests, failed, behaviour);
    return failed;
  }

  #countersOf(pod: string, image: string, requests: number): PodCounters {
    const model = this.#behaviourOf(image) ?? HEALTHY;
    let counters = this.pods.get(pod);
    if (typeof model !== 'function' && counters !== undefined) return counters;
    const ageMs = this.#accountedMs - (counters?.startedMs ?? this.#accountedMs);
    const behaviour =
      typeof model === 'function'
        ? model({
            ageMs,
            nowMs: this.#accountedMs,
            requestsPerSecond: requests / this.#seconds,
            share: this.#share,
            requests: counters === undefined ? 0 : counters.ok + counters.failed,
            memoryBytes: counters?.memoryBytes ?? 0,
          })
        : model;
    if (counters === undefined) {
      const memoryBytes = behaviour.usage?.memoryBytes ?? 0;
      const startedMs = this.#accountedMs;
      counters = { ok: 0, failed: 0, behaviour, parts: [], startedMs, cpuSeconds: 0, memoryBytes };
      this.pods.set(pod, counters);
    }
    counters.behaviour = behaviour;
    return counters;
  }

  #expose(image: string, namespace: string, requests: number, failed: number, behaviour: ServiceBehaviour): void {
    const exposure = this.exposure.get(image) ?? { requests: 0, failed: 0 };
    this.exposure.set(image, { requests: exposure.requests + requests, failed: exposure.failed + failed });
    const key = `${namespace}/${image}`;
    const here = this.exposureByNamespace.get(key) ?? { requests: 0, failed: 0, slow: 0 };
    here.requests += requests;
    here.failed += failed;
    here.slow += requests * slowShare(behaviour);
    this.exposureByNamespace.set(key, here);
  }
}

function partOf(counters: PodCounters): AnsweredPart {
  const last = counters.parts.at(-1);
  if (last?.behaviour === counters.behaviour) return last;
  const known = counters.parts.find(({ behaviour }) => behaviour === counters.behaviour);
  if (known !== undefined) return known;
  const part = { behaviour: counters.behaviour, ok: 0, failed: 0 };
  counters.parts.push(part);
  return part;
}

const SLOW_MS = [1000];
const SLOW = new WeakMap<ServiceBehaviour, number>();

function slowShare(behaviour: ServiceBehaviour): number {
  let share = SLOW.get(behaviour);
  if (share === undefined) {
    share = 1 - (cumulativeShares(behaviour.latencyMs, SLOW_MS)[0] as number);
    SLOW.set(behaviour, share);
  }
  return share;
}
