import { type Condition, findCondition } from '../conditions.ts';
import type { KubeObject } from '../object.ts';
import { asHealthStatus, type Health, health } from './status.ts';

interface RolloutStatus {
  phase?: string;
  message?: string;
  observedGeneration?: string;
  workloadObservedGeneration?: string;
  pauseConditions?: unknown[];
  conditions?: Condition[];
}

const WORKLOAD_GENERATION = 'rollout.argoproj.io/workload-generation';

/** Rollouts of version 1.0 and later say their phase; only pauses and failures of older ones are told apart. */
export function rolloutHealth(rollout: KubeObject): Health {
  const status = rollout.status as RolloutStatus | undefined;
  if (status === undefined)
    return health('Progressing', 'Waiting for rollout to finish: status has not been reconciled.');
  if (!isObserved(rollout, status)) return health('Progressing', 'Waiting for rollout spec update to be observed');
  if (status.phase !== undefined && status.phase !== '') {
    return health(
      status.phase === 'Paused' ? 'Suspended' : (asHealthStatus(status.phase) ?? 'Unknown'),
      status.message,
    );
  }
  const failure = (status.conditions ?? []).find(
    ({ type, reason }) =>
      type === 'InvalidSpec' ||
      (type === 'Progressing' && ['RolloutAborted', 'ProgressDeadlineExceeded'].includes(reason ?? '')),
  );
  if (failure !== undefined) return health('Degraded', failure.message);
  const isPaused = (rollout.spec as { paused?: boolean } | undefined)?.paused === true;
  if (isPaused || (status.pauseConditions ?? []).length > 0) return health('Suspended', 'Rollout is paused');
  return health('Progressing', 'Waiting for rollout to finish: it does not say its phase yet');
}

function isObserved({ metadata, spec }: KubeObject, status: RolloutStatus): boolean {
  const generation = metadata.generation ?? 0;
  const text = status.observedGeneration ?? '';
  const observed = /^\d+$/.test(text) ? Number(text) : generation;
  if (observed < generation) return false;
  const workload = metadata.annotations?.[WORKLOAD_GENERATION];
  const hasRef = (spec as { workloadRef?: unknown } | undefined)?.workloadRef !== undefined;
  return !hasRef || workload === undefined || workload === status.workloadObservedGeneration;
}

function phaseHealth(object: KubeObject, noun: string): Health {
  const status = object.status as { phase?: string; message?: string } | undefined;
  const message = (fallback: string) => (status?.message ? status.message : fallback);
  switch (status?.phase) {
    case 'Pending':
    case 'Running':
      return health('Progressing', `${noun} is running`);
    case 'Successful':
      return health('Healthy', message(`${noun} completed successfully`));
    case 'Failed':
      return health('Degraded', message(`${noun} failed`));
    case 'Error':
      return health('Degraded', message(`${noun} had an error`));
    case 'Inconclusive':
      if (noun === 'Analysis run') return health('Unknown', message(`${noun} was inconclusive`));
  }
  return health('Progressing', `Waiting for ${noun.toLowerCase()} to finish: status has not been reconciled.`);
}

export function analysisRunHealth(run: KubeObject): Health {
  return phaseHealth(run, 'Analysis run');
}

export function experimentHealth(experiment: KubeObject): Health {
  return phaseHealth(experiment, 'Experiment');
}

export function applicationSetHealth(set: KubeObject): Health {
  const conditions = (set.status as { conditions?: Condition[] } | undefined)?.conditions;
  const of = (type: string) => findCondition(conditions, type);
  const failed = of('ErrorOccurred');
  if (failed?.status === 'True') return health('Degraded', failed.message);
  const upToDate = of('ResourcesUpToDate');
  if (upToDate?.status === 'False') return health('Degraded', upToDate.message);
  const rolling = of('RolloutProgressing');
  if (rolling?.status === 'True') return health('Progressing', rolling.message);
  if (upToDate?.status === 'True') return health('Healthy', upToDate.message);
  return health('Progressing', 'Waiting for the status to be reported');
}

/** Argo CD has no check of its own; this is the one its documentation gives for apps of apps. */
export function applicationHealth(application: KubeObject): Health {
  const own = (application.status as { health?: { status?: string; message?: string } } | undefined)?.health;
  const status = asHealthStatus(own?.status);
  return status === undefined ? health('Progressing') : health(status, own?.message);
}

export function externalSecretHealth(secret: KubeObject): Health {
  const conditions = (secret.status as { conditions?: Condition[] } | undefined)?.conditions;
  const ready = findCondition(conditions, 'Ready');
  if (ready?.status === 'False') return health('Degraded', ready.message);
  if (ready?.status === 'True') return health('Healthy', ready.message);
  return health('Progressing', 'Waiting for ExternalSecret');
}
