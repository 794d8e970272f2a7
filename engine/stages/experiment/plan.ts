import { Draft, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { isCompletedPhase, type Phase } from '../analysis/types.ts';
import { planConditions, planInvalid, specProblem } from './conditions.ts';
import type { ExperimentObservation } from './observe.ts';
import { MESSAGE } from './reasons.ts';
import { planRun } from './runs.ts';
import { planTemplate } from './templates.ts';
import { areRequiredRunsSuccessful, endsAtMs, startTrial, type Trial } from './trial.ts';
import type { ExperimentRunStatus, ExperimentStatus, TemplatePhase, TemplateStatus } from './types.ts';

interface Verdict {
  phase: Phase;
  message: string;
}

/** One pass over an experiment: templates to their pods, then analyses, then what both mean (rollouts §4.2). */
export function planExperiment(observation: ExperimentObservation, nowMs: number): Plan {
  const trial = startTrial(observation, nowMs, new Draft());
  const problem = specProblem(trial.experiment);
  if (problem !== undefined) return trial.draft.finish({ ...planInvalid(trial, problem) });
  const { templates, analyses = [] } = trial.experiment.spec;
  const templateStatuses = templates.map((template) => planTemplate(trial, template));
  const analysisRuns = analyses.map((analysis) => planRun(trial, analysis));
  const status = planConditions(trial, withVerdict(trial, templateStatuses, analysisRuns));
  const endMs = endsAtMs({ ...trial.experiment, status });
  if (!isCompletedPhase(status.phase) && endMs !== undefined && endMs >= nowMs) trial.draft.wakeAt(endMs + 1);
  notePhase(trial, status.phase);
  return trial.draft.finish(compact(status));
}

function withVerdict(
  trial: Trial,
  templateStatuses: TemplateStatus[],
  analysisRuns: ExperimentRunStatus[],
): ExperimentStatus {
  const status: ExperimentStatus = { ...trial.status, templateStatuses, analysisRuns };
  if (status.phase === undefined) return { ...status, phase: 'Pending' };
  if (isCompletedPhase(status.phase)) return status;
  const templates = assessTemplates(templateStatuses);
  const analyses = assessRuns(trial, analysisRuns);
  const availableAt = status.availableAt ?? (templates.phase === 'Running' ? formatTime(trial.nowMs) : undefined);
  const { phase, message } = verdict(trial, templates, analyses, analysisRuns);
  return { ...status, phase, message, ...(availableAt === undefined ? {} : { availableAt }) };
}

/** Pods decide while they run; what the analyses say counts at the end, or as soon as it is bad. */
function verdict(trial: Trial, templates: Verdict, analyses: Verdict, runs: readonly ExperimentRunStatus[]): Verdict {
  const { analyses: specs = [] } = trial.experiment.spec;
  if (isCompletedPhase(templates.phase)) {
    const decided = isCompletedPhase(analyses.phase) || specs.some((analysis) => analysis.requiredForCompletion);
    return templates.phase === 'Successful' && decided ? analyses : templates;
  }
  const isBad = isCompletedPhase(analyses.phase) && analyses.phase !== 'Successful';
  return isBad || areRequiredRunsSuccessful(specs, runs) ? analyses : templates;
}

const FROM_BEST: readonly TemplatePhase[] = ['Successful', 'Running', 'Progressing', 'Error', 'Failed'];
const RUNS_FROM_BEST: readonly string[] = ['Successful', 'Running', 'Pending', 'Inconclusive', 'Error', 'Failed'];

/** The worst of the templates, as a phase of the experiment. */
function assessTemplates(statuses: readonly TemplateStatus[]): Verdict {
  let worst: TemplatePhase = 'Successful';
  let message = '';
  for (const { status = 'Progressing', message: text = '' } of statuses) {
    if (FROM_BEST.indexOf(status) <= FROM_BEST.indexOf(worst)) continue;
    worst = status;
    message = text;
  }
  return { phase: worst === 'Progressing' ? 'Pending' : worst, message };
}

/** The worst of the runs; those that are required make good for others that are still under way. */
function assessRuns(trial: Trial, runs: readonly ExperimentRunStatus[]): Verdict {
  let worst = 'Successful';
  let message = '';
  for (const { phase, message: text = '' } of runs) {
    if (RUNS_FROM_BEST.indexOf(phase) <= RUNS_FROM_BEST.indexOf(worst)) continue;
    worst = phase;
    message = text;
  }
  const isBad = RUNS_FROM_BEST.indexOf(worst) > RUNS_FROM_BEST.indexOf('Pending');
  if (!isBad && areRequiredRunsSuccessful(trial.experiment.spec.analyses ?? [], runs)) {
    return { phase: 'Successful', message: MESSAGE.requiredCompleted };
  }
  return { phase: worst === 'Pending' ? 'Running' : (worst as Phase), message };
}

function notePhase(trial: Trial, phase: Phase | undefined): void {
  const before = trial.status.phase ?? '';
  if (phase === undefined || phase === before) return;
  const isBad = phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive';
  trial.draft.note(isBad ? 'Warning' : 'Normal', `Experiment${phase}`, MESSAGE.transitioned(before, phase));
}

/** Empty texts and lists are left out, as upstream leaves them out. */
function compact(status: ExperimentStatus): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(status).filter(
      ([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
    ),
  );
}
