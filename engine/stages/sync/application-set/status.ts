import type { KubeObject } from '#kube/object.ts';
import type { ApplicationSetCondition, ApplicationSetStatus } from './types.ts';

const RESOURCES_MAX = 5000;

export type Outcome = { ok: true } | { ok: false; reason: string; message: string; parametersGenerated: boolean };

/** The status of a set (argo-cd.md §2.6). */
export function nextStatus(
  previous: ApplicationSetStatus | undefined,
  outcome: Outcome,
  applications: readonly KubeObject[] | undefined,
  now: string,
): ApplicationSetStatus {
  const conditions = conditionsOf(outcome)
    .map((condition) => settled(previous?.conditions, condition, now))
    .sort((left, right) => (left.type < right.type ? -1 : 1));
  const resources =
    applications === undefined ? (previous?.resources ?? []) : applications.map(resourceOf).slice(0, RESOURCES_MAX);
  const health = outcome.ok ? 'Healthy' : 'Degraded';
  const since = previous?.health?.status === health ? (previous.health.lastTransitionTime ?? now) : now;
  return {
    ...previous,
    conditions,
    resources,
    resourcesCount: applications?.length ?? previous?.resourcesCount ?? 0,
    health: { status: health, lastTransitionTime: since, ...(outcome.ok ? {} : { message: outcome.message }) },
  };
}

const GENERATED = 'Successfully generated parameters for all Applications';
const UP_TO_DATE = 'All applications have been generated successfully';

function conditionsOf(outcome: Outcome): ApplicationSetCondition[] {
  if (outcome.ok) {
    return [
      { type: 'ErrorOccurred', status: 'False', reason: 'ApplicationSetUpToDate', message: UP_TO_DATE },
      { type: 'ParametersGenerated', status: 'True', reason: 'ParametersGenerated', message: GENERATED },
      { type: 'ResourcesUpToDate', status: 'True', reason: 'ApplicationSetUpToDate', message: UP_TO_DATE },
    ];
  }
  const { reason, message, parametersGenerated } = outcome;
  return [
    { type: 'ErrorOccurred', status: 'True', reason, message },
    parametersGenerated
      ? { type: 'ParametersGenerated', status: 'True', reason: 'ParametersGenerated', message: GENERATED }
      : { type: 'ParametersGenerated', status: 'False', reason: 'ErrorOccurred', message },
    { type: 'ResourcesUpToDate', status: 'False', reason: 'ErrorOccurred', message },
  ];
}

function settled(
  previous: readonly ApplicationSetCondition[] | undefined,
  next: ApplicationSetCondition,
  now: string,
): ApplicationSetCondition {
  const last = previous?.find(({ type }) => type === next.type);
  const same = last?.status === next.status && last.reason === next.reason && last.message === next.message;
  return { ...next, lastTransitionTime: same ? (last?.lastTransitionTime ?? now) : now };
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
