import type { KubeObject } from '#kube/object.ts';
import { isRollingSync } from './rolling-sync/steps.ts';
import type { ApplicationProgress } from './rolling-sync/types.ts';
import type { ApplicationSetCondition, ApplicationSetSpec, ApplicationSetStatus } from './types.ts';

const RESOURCES_MAX = 5000;

/** How one plan went: what it says about its errors, and about its rollout if it has one. */
export interface Outcome {
  error?: { reason: string; message: string };
  parametersGenerated: boolean;
  rollout?: { progressingStep: number | undefined; issue: string | undefined };
}

/** The parts of the status that are written anew; what is left out stays. */
export interface StatusParts {
  outcome: Outcome;
  applications?: readonly KubeObject[];
  progress?: readonly ApplicationProgress[];
}

/** The status of a set (argo-cd.md §2.6). */
export function nextStatus(
  spec: Pick<ApplicationSetSpec, 'strategy'>,
  previous: ApplicationSetStatus | undefined,
  { outcome, applications, progress }: StatusParts,
  now: string,
): ApplicationSetStatus {
  const conditions = settleConditions(previous?.conditions ?? [], outcome, isRollingSync(spec.strategy), now);
  const { applicationStatus, ...rest } = previous ?? {};
  const entries = isRollingSync(spec.strategy) ? (progress ?? applicationStatus) : undefined;
  return {
    ...rest,
    ...(entries === undefined || entries.length === 0 ? {} : { applicationStatus: [...entries] }),
    conditions,
    resources: applications?.map(resourceOf).slice(0, RESOURCES_MAX) ?? previous?.resources ?? [],
    resourcesCount: applications?.length ?? previous?.resourcesCount ?? 0,
    health: healthOf(conditions, previous?.health, now),
  };
}

const GENERATED = 'Successfully generated parameters for all Applications';
const UP_TO_DATE = 'All applications have been generated successfully';

type Found = Omit<ApplicationSetCondition, 'lastTransitionTime'>;

/** Conditions of types that were looked at replace the earlier ones; the others stay. */
function settleConditions(
  previous: readonly ApplicationSetCondition[],
  outcome: Outcome,
  hasRollout: boolean,
  now: string,
): ApplicationSetCondition[] {
  const found = [...generalConditions(outcome), ...(hasRollout ? rolloutConditions(outcome) : [])];
  const settled = found.map((condition) => {
    const last = previous.find(({ type }) => type === condition.type);
    const same =
      last?.status === condition.status && last.reason === condition.reason && last.message === condition.message;
    return { ...condition, lastTransitionTime: same ? (last?.lastTransitionTime ?? now) : now };
  });
  const kept = previous.filter(
    ({ type }) => hasRollout && ROLLOUT_TYPES.has(type) && !found.some((condition) => condition.type === type),
  );
  return [...settled, ...kept].sort((left, right) => (left.type < right.type ? -1 : 1));
}

const ROLLOUT_TYPES = new Set(['RolloutProgressing', 'InvalidRolloutConfig']);

function generalConditions({ error, parametersGenerated }: Outcome): Found[] {
  if (error === undefined) {
    return [
      { type: 'ErrorOccurred', status: 'False', reason: 'ApplicationSetUpToDate', message: UP_TO_DATE },
      { type: 'ParametersGenerated', status: 'True', reason: 'ParametersGenerated', message: GENERATED },
      { type: 'ResourcesUpToDate', status: 'True', reason: 'ApplicationSetUpToDate', message: UP_TO_DATE },
    ];
  }
  const { reason, message } = error;
  return [
    { type: 'ErrorOccurred', status: 'True', reason, message },
    parametersGenerated
      ? { type: 'ParametersGenerated', status: 'True', reason: 'ParametersGenerated', message: GENERATED }
      : { type: 'ParametersGenerated', status: 'False', reason: 'ErrorOccurred', message },
    { type: 'ResourcesUpToDate', status: 'False', reason: 'ErrorOccurred', message },
  ];
}

function rolloutConditions({ rollout }: Outcome): Found[] {
  if (rollout === undefined) return [];
  const { progressingStep, issue } = rollout;
  return [
    progressingStep === undefined
      ? {
          type: 'RolloutProgressing',
          status: 'False',
          reason: 'ApplicationSetRolloutComplete',
          message: 'ApplicationSet Rollout has completed',
        }
      : {
          type: 'RolloutProgressing',
          status: 'True',
          reason: 'ApplicationSetModified',
          message: `ApplicationSet is performing rollout of step ${progressingStep}`,
        },
    issue === undefined
      ? {
          type: 'InvalidRolloutConfig',
          status: 'False',
          reason: 'ApplicationSetValidRolloutConfig',
          message: 'Rolling Sync Configured correctly',
        }
      : { type: 'InvalidRolloutConfig', status: 'True', reason: 'ApplicationSetInvalidRolloutConfig', message: issue },
  ];
}

/** An error is Degraded, a rollout under way Progressing, everything up to date Healthy. */
function healthOf(
  conditions: readonly ApplicationSetCondition[],
  last: ApplicationSetStatus['health'],
  now: string,
): NonNullable<ApplicationSetStatus['health']> {
  const ranks = [
    ['ErrorOccurred', 'Degraded'],
    ['RolloutProgressing', 'Progressing'],
    ['ResourcesUpToDate', 'Healthy'],
  ] as const;
  for (const [type, status] of ranks) {
    const condition = conditions.find((found) => found.type === type && found.status === 'True');
    if (condition === undefined) continue;
    const since = last?.status === status ? (last.lastTransitionTime ?? now) : now;
    return { status, lastTransitionTime: since, message: condition.message };
  }
  return { status: 'Unknown', message: 'Waiting for health status to be determined' };
}

function resourceOf(application: KubeObject): Record<string, unknown> {
  const status = (application.status ?? {}) as { sync?: { status?: string }; health?: { status?: string } };
  return {
    group: 'argoproj.io',
    version: 'v1alpha1',
    kind: 'Application',
    namespace: application.metadata.namespace,
    name: application.metadata.name,
    ...(status.sync?.status === undefined ? {} : { status: status.sync.status }),
    ...(status.health?.status === undefined ? {} : { health: { status: status.health.status } }),
  };
}
