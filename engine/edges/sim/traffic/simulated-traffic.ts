import type { Clock } from '#core/clock.ts';
import type { TrafficPort } from '#edges/ports.ts';
import type { Backend, NameTable, Route, ServiceTable, TrafficTable } from '#machine/traffic.ts';
import { routeMatches } from '../../../stages/traffic/match.ts';
import { HEALTHY, type ServiceBehaviour } from './behaviour.ts';

/** Users of one host and path. */
export interface LoadProfile {
  host: string;
  path: string;
  /** Requests per second at a time; must not change between two table changes by more than the caller can bear. */
  requestsPerSecond: (nowMs: number) => number;
}

/** Requests a pod has answered since it exists. */
export interface PodCounters {
  ok: number;
  failed: number;
  behaviour: ServiceBehaviour;
}

/** What users saw of one version (image) so far. */
export interface Exposure {
  requests: number;
  failed: number;
}

/**
 * The modelled data plane: between two changes of the table nothing changes, so requests are accounted for lazily, as
 * rate times time times share, when a table changes or somebody looks. Shares are exact, not drawn: the model shows what
 * is expected; noise is the business of whoever asks for it.
 */
export class SimulatedTraffic implements TrafficPort {
  readonly pods = new Map<string, PodCounters>();
  readonly exposure = new Map<string, Exposure>();
  /** Requests nobody could answer: no route or no endpoint. */
  unanswered = 0;
  #table: TrafficTable = { routes: [] };
  #names: NameTable = { names: {} };
  #services: ServiceTable = { listeners: [] };
  #accountedMs: number;
  readonly #clock: Clock;
  readonly #profiles: readonly LoadProfile[];
  readonly #imageOf: (pod: string) => string | undefined;
  readonly #behaviourOf: (image: string) => ServiceBehaviour | undefined;

  constructor(parts: {
    clock: Clock;
    profiles: readonly LoadProfile[];
    /** The image of a pod (`namespace/name`), as the modelled node runs it. */
    imageOf: (pod: string) => string | undefined;
    behaviourOf: (image: string) => ServiceBehaviour | undefined;
  }) {
    this.#clock = parts.clock;
    this.#profiles = parts.profiles;
    this.#imageOf = parts.imageOf;
    this.#behaviourOf = parts.behaviourOf;
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

  /** Accounts for all requests up to now. Reading `pods` or `exposure` without it shows an earlier moment. */
  account(): void {
    const nowMs = this.#clock.now();
    const seconds = (nowMs - this.#accountedMs) / 1000;
    if (seconds <= 0) return;
    for (const profile of this.#profiles) {
      this.#spread(profile, profile.requestsPerSecond(this.#accountedMs) * seconds);
    }
    this.#accountedMs = nowMs;
  }

  #spread(profile: LoadProfile, requests: number): void {
    const route = this.#table.routes.find((candidate: Route) =>
      routeMatches(candidate, { host: profile.host, path: profile.path, headers: {} }),
    );
    if (route === undefined) {
      this.unanswered += requests;
      return;
    }
    const { canary, split } = route;
    if (split !== undefined) {
      const total = split.reduce((sum, { weight }) => sum + weight, 0);
      for (const { backend, weight } of split) if (weight > 0) this.#answer(backend, (requests * weight) / total);
      if (total === 0) this.unanswered += requests;
      return;
    }
    const share = canary === undefined ? 0 : Math.min(1, canary.weight / canary.weightTotal);
    if (canary !== undefined && share > 0) this.#answer(canary.backend, requests * share);
    if (share < 1) this.#answer(route.backend, requests * (1 - share));
  }

  #answer(backend: Backend, requests: number): void {
    if (backend.endpoints.length === 0) {
      this.unanswered += requests;
      return;
    }
    for (const { pod } of backend.endpoints) this.#count(pod, requests / backend.endpoints.length);
  }

  #count(pod: string, requests: number): void {
    const image = this.#imageOf(pod);
    if (image === undefined) {
      this.unanswered += requests;
      return;
    }
    let counters = this.pods.get(pod);
    if (counters === undefined) {
      counters = { ok: 0, failed: 0, behaviour: this.#behaviourOf(image) ?? HEALTHY };
      this.pods.set(pod, counters);
    }
    const failed = requests * counters.behaviour.errorRate;
    counters.failed += failed;
    counters.ok += requests - failed;
    const exposure = this.exposure.get(image) ?? { requests: 0, failed: 0 };
    this.exposure.set(image, { requests: exposure.requests + requests, failed: exposure.failed + failed });
  }
}
