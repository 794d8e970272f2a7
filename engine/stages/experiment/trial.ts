import type { Draft } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { parseSecondsOrDurationMs } from '#core/duration.ts';
import type { ObjectRef } from '#kube/kinds.ts';
import { controllerOf } from '#kube/object.ts';
import { isCompletedPhase } from '../analysis/types.ts';
import type { ExperimentObservation, ReplicaSet, Service } from './observe.ts';
import {
  type Experiment,
  type ExperimentRunStatus,
  type ExperimentStatus,
  type ExperimentTemplate,
  TEMPLATE_NAME_ANNOTATION,
  type TemplateStatus,
} from './types.ts';

const DEADLINE_SECONDS = 600;

/** One pass over an experiment: the observation and the plan being made. */
export interface Trial {
  readonly observation: ExperimentObservation;
  readonly experiment: Experiment;
  /** As stored. */
  readonly status: ExperimentStatus;
  readonly nowMs: number;
  readonly draft: Draft;
  /** Nothing is started any more: pods go, runs end. */
  readonly isTerminating: boolean;
}

export function startTrial(observation: ExperimentObservation, nowMs: number, draft: Draft): Trial {
  const { experiment } = observation;
  return {
    observation,
    experiment,
    status: experiment.status ?? {},
    nowMs,
    draft,
    isTerminating: isTerminating(experiment),
  };
}

function isTerminating({ spec, status = {} }: Experiment): boolean {
  if (spec.terminate || isCompletedPhase(status.phase)) return true;
  const { templateStatuses = [], analysisRuns = [] } = status;
  if (templateStatuses.some(({ status: phase }) => phase === 'Failed' || phase === 'Error')) return true;
  if (analysisRuns.some(({ phase }) => phase !== 'Successful' && isCompletedPhase(phase))) return true;
  return areRequiredRunsSuccessful(spec.analyses ?? [], analysisRuns);
}

/** At least one analysis is required for completion, and all those are successful. */
export function areRequiredRunsSuccessful(
  analyses: readonly { name: string; requiredForCompletion?: boolean }[],
  runs: readonly ExperimentRunStatus[],
): boolean {
  const required = analyses.filter(({ requiredForCompletion }) => requiredForCompletion);
  const isSuccessful = (name: string) => runs.find((run) => run.name === name)?.phase === 'Successful';
  return required.length > 0 && required.every(({ name }) => isSuccessful(name));
}

/** When the experiment has run for its duration, ms since the epoch; undefined while that is unknown. */
export function endsAtMs({ spec, status }: Experiment): number | undefined {
  const availableAtMs = parseTime(status?.availableAt);
  const durationMs = spec.duration ? parseSecondsOrDurationMs(spec.duration) : undefined;
  return availableAtMs === undefined || durationMs === undefined ? undefined : availableAtMs + durationMs;
}

export function hasPassedDuration({ experiment, nowMs }: Trial): boolean {
  const endMs = endsAtMs(experiment);
  return endMs !== undefined && nowMs > endMs;
}

export function deadlineSeconds({ spec }: Experiment): number {
  return spec.progressDeadlineSeconds ?? DEADLINE_SECONDS;
}

export function isTemplateCompleted(status: TemplateStatus | undefined): boolean {
  return status?.status === 'Successful' || status?.status === 'Failed' || status?.status === 'Error';
}

export function templateStatusOf(status: ExperimentStatus, name: string): TemplateStatus | undefined {
  return status.templateStatuses?.find((item) => item.name === name);
}

/** Pods a template should have now. */
export function desiredReplicas(trial: Trial, template: ExperimentTemplate): number {
  if (trial.isTerminating || isTemplateCompleted(templateStatusOf(trial.status, template.name))) return 0;
  return template.replicas ?? 1;
}

/** What the experiment made for a template, by the annotation that says so. */
function madeFor<T extends ReplicaSet | Service>(trial: Trial, items: readonly T[], template: string): T | undefined {
  const { uid } = trial.experiment.metadata;
  return items.find(
    (item) => controllerOf(item)?.uid === uid && item.metadata.annotations?.[TEMPLATE_NAME_ANNOTATION] === template,
  );
}

export function replicaSetOf(trial: Trial, template: string): ReplicaSet | undefined {
  return madeFor(trial, trial.observation.replicaSets, template);
}

export function serviceOf(trial: Trial, template: string): Service | undefined {
  return madeFor(trial, trial.observation.services, template);
}

export function refIn({ experiment }: Trial, kind: ObjectRef['kind'], name: string): ObjectRef {
  return { kind, namespace: experiment.metadata.namespace, name };
}
