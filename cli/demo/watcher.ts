import type { KindMap } from '../../engine/vocabulary/kube/kinds.ts';
import { systemCache } from '../actions/status.ts';
import type { Api } from '../client/api.ts';
import type { ObjectCache } from '../client/object-cache.ts';
import { CliError, EXIT_CODES } from '../errors.ts';

type Rollout = KindMap['Rollout.argoproj.io'];
type AnalysisRun = KindMap['AnalysisRun.argoproj.io'];

/** A canary weight, and when it was first seen. */
export interface WeightChange {
  atMs: number;
  weight: number;
}

const INGRESS = 'Ingress.networking.k8s.io';
const WEIGHT = 'nginx.ingress.kubernetes.io/canary-weight';

/** Follows one component of one environment, and remembers when its canary's weight changed. */
export class Watcher {
  readonly weights: WeightChange[] = [];
  readonly cache: ObjectCache;
  readonly #namespace: string;
  readonly #component: string;
  readonly #now: () => number;
  readonly #signal: AbortSignal;

  private constructor(parts: {
    cache: ObjectCache;
    namespace: string;
    component: string;
    now: () => number;
    signal: AbortSignal;
  }) {
    this.cache = parts.cache;
    this.#namespace = parts.namespace;
    this.#component = parts.component;
    this.#now = parts.now;
    this.#signal = parts.signal;
  }

  static async open(
    api: Api,
    target: { namespace: string; component: string },
    now: () => number,
    signal: AbortSignal,
  ): Promise<Watcher> {
    const cache = await systemCache(api, signal, [INGRESS]);
    return new Watcher({ cache, ...target, now, signal });
  }

  rollout(): Rollout | undefined {
    return this.cache.find('Rollout.argoproj.io', this.#namespace, this.#component);
  }

  /** The runs of this component that failed, newest last. */
  failedRuns(): AnalysisRun[] {
    const failed = this.cache
      .list('AnalysisRun.argoproj.io')
      .filter(
        (run) =>
          run.metadata.namespace === this.#namespace &&
          run.metadata.ownerReferences?.[0]?.name === this.#component &&
          ['Failed', 'Error'].includes(run.status?.phase ?? ''),
      );
    return failed.sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  }

  /** Running pods of this component: name → container start times, which a restart would change. */
  podStarts(): Record<string, string> {
    const starts: Record<string, string> = {};
    for (const pod of this.cache.list('Pod')) {
      const isOurs = pod.metadata.labels?.['app.kubernetes.io/name'] === this.#component;
      if (pod.metadata.namespace !== this.#namespace || !isOurs) continue;
      starts[pod.metadata.name] = (pod.status?.containerStatuses ?? [])
        .map(({ state }) => state?.running?.startedAt)
        .join();
    }
    return starts;
  }

  get weight(): number {
    return this.weights.at(-1)?.weight ?? 0;
  }

  /** Waits until `done`, noting weights on the way. Throws CliError after `withinMs`, saying what was waited for. */
  async until(what: string, done: () => boolean, withinMs: number): Promise<void> {
    const deadlineMs = this.#now() + withinMs;
    for (;;) {
      this.#noteWeight();
      if (done()) return;
      if (this.#signal.aborted) throw new CliError({ what: 'stopped', exitCode: EXIT_CODES.finding });
      if (this.#now() >= deadlineMs) {
        const { phase, message } = this.rollout()?.status ?? {};
        throw new CliError({
          what: `waited ${withinMs / 1000} s for ${what}`,
          why: `the rollout ${this.#component} is ${phase ?? 'not there'}${message === undefined ? '' : `: ${message}`}`,
          exitCode: EXIT_CODES.timeout,
        });
      }
      await this.cache.changed(500, this.#signal);
    }
  }

  #noteWeight(): void {
    for (const ingress of this.cache.list(INGRESS)) {
      const { namespace, name, annotations } = ingress.metadata;
      if (namespace !== this.#namespace || name !== `${this.#component}-${this.#component}-canary`) continue;
      const weight = Number(annotations?.[WEIGHT] ?? 0);
      if (weight !== this.weights.at(-1)?.weight) this.weights.push({ atMs: this.#now(), weight });
    }
  }
}

/** Whether a rollout has promoted the image tag it was last given. */
export function isPromoted(rollout: Rollout | undefined, version: string): boolean {
  const status = rollout?.status;
  const image = rollout?.spec.template?.spec?.containers?.[0]?.image ?? '';
  const isCurrent = status?.observedGeneration === String(rollout?.metadata.generation);
  return (
    image.endsWith(`:${version}`) &&
    isCurrent &&
    status?.phase === 'Healthy' &&
    status.stableRS === status.currentPodHash
  );
}
