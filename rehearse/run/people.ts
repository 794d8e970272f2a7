import type { Simulation } from '../../engine/host/simulated.ts';
import type { Application, Rollout } from '../world/map.ts';

/** What `argocd app sync` writes: a request for an operation. Returns what became of the request. */
export function requestSync(simulation: Simulation, name: string, by: string): string {
  const application = simulation.engine.store
    .list('Application.argoproj.io')
    .find(({ metadata }) => metadata?.name === name);
  if (application === undefined) return 'there is no such Application';
  if (application.status?.operationState?.phase === 'Running') return 'a sync is under way already';
  if (application.status?.sync?.status === 'Synced') return 'nothing to sync';
  const { spec } = application;
  const options = spec?.syncPolicy?.syncOptions;
  const operation = {
    initiatedBy: { username: by },
    sync: {
      prune: true,
      syncStrategy: { hook: {} },
      ...(application.status?.sync?.revision ? { revision: application.status.sync.revision } : {}),
      ...(options === undefined ? {} : { syncOptions: options }),
    },
  };
  patch(simulation, application, 'Application.argoproj.io', { operation });
  return 'sync started';
}

/** The field changes of `kubectl argo rollouts promote`. */
export function promote(simulation: Simulation, rollout: Rollout, full: boolean): void {
  const { status, spec } = rollout;
  const steps = spec?.strategy?.canary?.steps ?? [];
  const next = Math.min((status?.currentStepIndex ?? 0) + 1, steps.length);
  if (spec?.paused === true) patch(simulation, rollout, 'Rollout.argoproj.io', { spec: { paused: false } });
  if (full) {
    patch(simulation, rollout, 'Rollout.argoproj.io', { status: { promoteFull: true } }, 'status');
    return;
  }
  const isPaused = (status?.pauseConditions ?? []).length > 0;
  const isInconclusive = status?.pauseConditions?.[0]?.reason === 'InconclusiveAnalysisRun';
  const fields = !isPaused
    ? { currentStepIndex: next }
    : isInconclusive
      ? { pauseConditions: null, controllerPause: false, currentStepIndex: next }
      : { pauseConditions: null };
  patch(simulation, rollout, 'Rollout.argoproj.io', { status: fields }, 'status');
}

/** `kubectl argo rollouts abort`. */
export function abort(simulation: Simulation, rollout: Rollout): void {
  patch(simulation, rollout, 'Rollout.argoproj.io', { status: { abort: true } }, 'status');
}

function patch(
  simulation: Simulation,
  object: Application | Rollout,
  kind: string,
  change: Record<string, unknown>,
  subresource?: 'status',
): void {
  const target = { kind, namespace: object.metadata?.namespace, name: object.metadata?.name ?? '' };
  simulation.engine.resources.patch(
    target as never,
    { type: 'merge', patch: change } as never,
    {
      ...(subresource === undefined ? {} : { subresource }),
      fieldManager: 'pern-rehearse',
    } as never,
  );
}
