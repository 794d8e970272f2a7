import { findCondition } from '#kube/conditions.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { MetricFamily } from '#lib/exposition/index.ts';
import type { Reader } from '#store/store.ts';
import { gauge, gaugeOf } from './families.ts';

type Rollout = KindMap['Rollout.argoproj.io'];

/** What Argo Rollouts' controller exports of rollouts and analysis runs. */
export function rolloutFamilies(objects: Reader): MetricFamily[] {
  const rollouts = objects.list('Rollout.argoproj.io');
  const of = (name: string, read: (object: Rollout) => number) =>
    gaugeOf(`rollout_info_replicas_${name}`, 'name', rollouts, read);
  const available = ({ status }: Rollout) => status?.availableReplicas ?? 0;
  return [
    gauge(
      'rollout_info',
      rollouts.map((rollout) => ({
        labels: { ...named(rollout), ...kindOf(rollout), phase: phaseOf(rollout) },
        value: 1,
      })),
    ),
    of('desired', ({ spec }) => spec.replicas ?? 1),
    of('available', available),
    of('unavailable', (rollout) => Math.max((rollout.status?.replicas ?? 0) - available(rollout), 0)),
    of('updated', ({ status }) => status?.updatedReplicas ?? 0),
    gauge(
      'analysis_run_info',
      objects.list('AnalysisRun.argoproj.io').map((run) => ({
        labels: { ...named(run), phase: run.status?.phase ?? '' },
        value: 1,
      })),
    ),
  ];
}

/** The exporter's own phases, not those of `status.phase`. */
const PHASE_BY_REASON: ReadonlyMap<string, string> = new Map([
  ['NewReplicaSetAvailable', 'Completed'],
  ['RolloutPaused', 'Paused'],
  ['ReplicaSetCreateError', 'Error'],
  ['ProgressDeadlineExceeded', 'Timeout'],
  ['RolloutAborted', 'Abort'],
]);

function phaseOf({ status }: Rollout): string {
  if (findCondition(status?.conditions, 'InvalidSpec') !== undefined) return 'InvalidSpec';
  return PHASE_BY_REASON.get(findCondition(status?.conditions, 'Progressing')?.reason ?? '') ?? 'Progressing';
}

function named({ metadata }: { metadata: { name: string; namespace?: string } }): Record<string, string> {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}

function kindOf({ spec: { strategy } }: Rollout): { strategy: string; traffic_router: string } {
  const routing = strategy?.canary?.trafficRouting;
  const router = Object.keys(routing ?? {}).find((name) => !['managedRoutes', 'maxTrafficWeight'].includes(name));
  return {
    strategy: strategy?.blueGreen !== undefined ? 'blueGreen' : strategy?.canary !== undefined ? 'canary' : 'none',
    traffic_router: router === undefined ? '' : (ROUTERS.get(router) ?? router),
  };
}

/** As the controller names them. */
const ROUTERS: ReadonlyMap<string, string> = new Map([
  ['alb', 'ALB'],
  ['ambassador', 'Ambassador'],
  ['istio', 'Istio'],
  ['nginx', 'Nginx'],
  ['smi', 'SMI'],
  ['apisix', 'Apisix'],
  ['traefik', 'Traefik'],
]);
