import type { Simulation } from '../../engine/host/simulated.ts';
import type { ObjectOf } from '../../engine/vocabulary/kube/kinds.ts';
import { controllerOf } from '../../engine/vocabulary/kube/object.ts';
import { parseQuantity } from '../../engine/vocabulary/kube/quantity.ts';
import type { Environment } from '../world/map.ts';

type Pod = ObjectOf<'Pod'>;
type About = { environment: string; component: string };

interface Counted {
  peak: number;
  readyLeast: number;
  restarts: number;
  samples: { atMs: number; ready: number; total: number }[];
}

/** Counts pods of components: how many at once, how few were ready, how often they ended. */
export class PodRecorder {
  readonly #simulation: Simulation;
  readonly #environments: readonly Environment[];
  readonly #counted = new Map<string, Counted>();
  readonly #peaks = new Map<string, number>();

  constructor(simulation: Simulation, environments: readonly Environment[]) {
    this.#simulation = simulation;
    this.#environments = environments;
    for (const environment of environments) this.#count(environment);
  }

  of(environment: string, component: string): Counted | undefined {
    return this.#counted.get(`${environment}/${component}`);
  }

  /** Most pods an environment had at once. */
  peakOf(environment: string): number {
    return this.#peaks.get(environment) ?? 0;
  }

  note(pod: Pod, previous: Pod | undefined, tell: (text: string, about: About) => void): void {
    const environment = this.#environments.find(({ namespace }) => namespace === pod.metadata?.namespace);
    if (environment === undefined) return;
    const component = componentOf(pod);
    const [status] = pod.status?.containerStatuses ?? [];
    const before = previous?.status?.containerStatuses?.[0]?.restartCount ?? 0;
    if (component !== undefined && (status?.restartCount ?? 0) > before) {
      const ended = status?.lastState?.terminated;
      const key = `${environment.name}/${component}`;
      const counted = this.#counted.get(key);
      if (counted !== undefined) counted.restarts++;
      const why = `${ended?.reason ?? 'Error'}, exit code ${ended?.exitCode ?? '?'}`;
      tell(`${pod.metadata?.name} restarts (${why}), restart ${status?.restartCount}`, {
        environment: environment.name,
        component,
      });
    }
    this.#count(environment);
  }

  sample(): void {
    for (const environment of this.#environments) {
      for (const [component, { ready, total }] of this.#count(environment)) {
        this.#of(environment.name, component).samples.push({ atMs: this.#simulation.time.now(), ready, total });
      }
    }
  }

  /** Pods of a quota, undefined without one. */
  quotaOf(namespace: string): number | undefined {
    const quotas = this.#simulation.engine.store.list('ResourceQuota' as never, namespace).flatMap((quota) => {
      const pods = (quota as { spec?: { hard?: Record<string, unknown> } }).spec?.hard?.pods;
      return pods === undefined ? [] : [parseQuantity(String(pods)) ?? 0];
    });

    return quotas.length === 0 ? undefined : Math.min(...quotas);
  }

  /** What a disruption budget of the component wants available. */
  availableWanted(namespace: string, component: string, replicas: number): number | undefined {
    const store = this.#simulation.engine.store;
    const rollout = store.get('Rollout.argoproj.io', namespace, component);
    const labels = rollout?.spec?.template?.metadata?.labels ?? {};
    for (const { spec } of store.list('PodDisruptionBudget.policy', namespace)) {
      const wanted = Object.entries(spec?.selector?.matchLabels ?? {});
      if (wanted.length === 0 || !wanted.every(([name, value]) => labels[name] === value)) continue;
      const { minAvailable, maxUnavailable } = spec ?? {};
      if (minAvailable !== undefined) return Math.ceil(amount(minAvailable, replicas));
      if (maxUnavailable !== undefined) return replicas - Math.ceil(amount(maxUnavailable, replicas));
    }
    return undefined;
  }

  #count(environment: Environment): Map<string, { ready: number; total: number }> {
    const pods = this.#simulation.engine.store.list('Pod', environment.namespace);
    const found = new Map<string, { ready: number; total: number }>();
    let all = 0;
    for (const pod of pods) {
      if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') continue;
      all++;
      const component = componentOf(pod);
      if (component === undefined || !environment.components.some(({ name }) => name === component)) continue;
      const counts = found.get(component) ?? { ready: 0, total: 0 };
      counts.total++;
      const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
      if (isReady && pod.metadata?.deletionTimestamp === undefined) counts.ready++;
      found.set(component, counts);
    }
    this.#peaks.set(environment.name, Math.max(this.#peaks.get(environment.name) ?? 0, all));
    for (const [component, { ready, total }] of found) {
      const counted = this.#of(environment.name, component);
      counted.peak = Math.max(counted.peak, total);
      counted.readyLeast = Math.min(counted.readyLeast, ready);
    }
    return found;
  }

  #of(environment: string, component: string): Counted {
    const key = `${environment}/${component}`;
    const known = this.#counted.get(key);
    if (known !== undefined) return known;
    const counted = { peak: 0, readyLeast: Number.POSITIVE_INFINITY, restarts: 0, samples: [] };
    this.#counted.set(key, counted);
    return counted;
  }
}

/** The Rollout of a pod, by the name of its ReplicaSet: `backend-7d9f8` → `backend`. */
function componentOf(pod: Pod): string | undefined {
  const owner = controllerOf(pod as never);
  return owner?.kind === 'ReplicaSet' ? owner.name.replace(/-[^-]+$/, '') : undefined;
}

function amount(value: string | number, of: number): number {
  const text = String(value);
  return text.endsWith('%') ? (Number(text.slice(0, -1)) / 100) * of : Number(text);
}
