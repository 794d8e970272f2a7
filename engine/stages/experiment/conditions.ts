import { newCondition, setCondition, withoutConditionOf } from '../rollout/conditions.ts';
import { MESSAGE, REASON } from './reasons.ts';
import { deadlineSeconds, hasPassedDuration, type Trial, templateStatusOf } from './trial.ts';
import type { Experiment, ExperimentStatus } from './types.ts';

/** The first thing that is wrong with the spec, in upstream's words. */
export function specProblem(experiment: Experiment): string | undefined {
  const names = new Set<string>();
  const experimentName = experiment.metadata.name;
  for (const [index, { name = '', selector, minReadySeconds = 0 }] of experiment.spec.templates.entries()) {
    if (selector === undefined) return MESSAGE.missingSelector(index);
    if (Object.keys(selector).length === 0) return MESSAGE.selectsAll(index);
    if (minReadySeconds > deadlineSeconds(experiment)) return MESSAGE.minReady(index);
    if (name === '') return MESSAGE.emptyName(experimentName, index);
    if (names.has(name)) return MESSAGE.repeatedName(experimentName, name);
    names.add(name);
  }
  return undefined;
}

/** The status of an experiment with a spec that makes no sense: nothing is done until it is mended. */
export function planInvalid({ status, nowMs }: Trial, problem: string): ExperimentStatus {
  const { conditions = [] } = status;
  if (conditions.some(({ type, message }) => type === 'InvalidSpec' && message === problem)) return status;
  const condition = newCondition('InvalidSpec', 'True', REASON.invalidSpec, problem, nowMs);
  return { ...status, conditions: setCondition(withoutConditionOf(conditions, 'InvalidSpec'), condition) };
}

/** The Progressing condition of the new status. */
export function planConditions(trial: Trial, status: ExperimentStatus): ExperimentStatus {
  const { name } = trial.experiment.metadata;
  const conditions = withoutConditionOf(status.conditions ?? [], 'InvalidSpec');
  const set = (value: 'True' | 'False', reason: string, message: string) =>
    setCondition(conditions, newCondition('Progressing', value, reason, message, trial.nowMs));
  if (status.phase === 'Successful') {
    return { ...status, conditions: set('False', REASON.completed, MESSAGE.completed(name)) };
  }
  if (hasProgressed(trial, status)) {
    const current = conditions.find(({ type }) => type === 'Progressing');
    const next = newCondition('Progressing', 'True', REASON.rsUpdated, MESSAGE.progressing(name), trial.nowMs);
    const kept = current?.status === 'True' ? { ...next, lastTransitionTime: current.lastTransitionTime } : next;
    return { ...status, conditions: [...withoutConditionOf(conditions, 'Progressing'), kept] };
  }
  if (trial.status.availableAt !== undefined && !hasPassedDuration(trial)) {
    return { ...status, conditions: set('True', REASON.rsAvailable, MESSAGE.running(name)) };
  }
  return { ...status, conditions };
}

const COUNTS = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'] as const;

function hasProgressed({ status: before }: Trial, { templateStatuses = [] }: ExperimentStatus): boolean {
  if ((before.templateStatuses?.length ?? 0) < templateStatuses.length) return true;
  return templateStatuses.some((next) => {
    const previous = templateStatusOf(before, next.name);
    return previous !== undefined && COUNTS.some((count) => previous[count] !== next[count]);
  });
}
