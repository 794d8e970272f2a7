import { formatTime } from '#core/clock.ts';
import { deepEqual } from '#core/json.ts';
import { controllerOf, controllerReference, type Manifest } from '#kube/object.ts';
import { AnalysisError } from '../analysis/arguments.ts';
import { collectTemplates, runSpecFromTemplates } from '../analysis/templates.ts';
import { type AnalysisRun, type AnalysisRunSpec, type Argument, isCompletedPhase } from '../analysis/types.ts';
import { HASH_LABEL, INSTANCE_ID_LABEL } from '../rollout/types.ts';
import { MESSAGE, REASON } from './reasons.ts';
import { endsAtMs, refIn, replicaSetOf, type Trial } from './trial.ts';
import type { ExperimentAnalysis, ExperimentRunStatus } from './types.ts';

/** Starts, follows or ends one analysis of the experiment, and says how it stands. */
export function planRun(trial: Trial, analysis: ExperimentAnalysis): ExperimentRunStatus {
  const previous: ExperimentRunStatus = trial.status.analysisRuns?.find(({ name }) => name === analysis.name) ?? {
    name: analysis.name,
    analysisRun: '',
    phase: '',
  };
  const next = nextStatus(trial, analysis, previous);
  noteChange(trial, previous, next);
  return next;
}

function nextStatus(trial: Trial, analysis: ExperimentAnalysis, previous: ExperimentRunStatus): ExperimentRunStatus {
  if (trial.status.availableAt === undefined) return verified(trial, analysis, previous);
  if (previous.analysisRun === '') return trial.isTerminating ? previous : created(trial, analysis, previous);
  if (isCompletedPhase(previous.phase)) return previous;
  const run = trial.observation.runs.find(({ metadata }) => metadata.name === previous.analysisRun);
  if (run === undefined) {
    return { ...previous, phase: 'Error', message: `analysisrun.argoproj.io "${previous.analysisRun}" not found` };
  }
  if (trial.isTerminating) {
    terminate(trial, analysis, run);
    return previous;
  }
  const { phase = '', message } = run.status ?? {};
  const { message: _, ...rest } = previous;
  return { ...rest, phase, ...(message ? { message } : {}) };
}

/** Before the pods are there it is only looked whether the template exists. */
function verified(trial: Trial, analysis: ExperimentAnalysis, previous: ExperimentRunStatus): ExperimentRunStatus {
  const { templateName, clusterScope = false } = analysis;
  const { templates, clusterTemplates } = trial.observation;
  if ((clusterScope ? clusterTemplates : templates).has(templateName)) return previous;
  return { ...previous, phase: 'Error', message: MESSAGE.templateMissing(analysis.name, clusterScope, templateName) };
}

function created(trial: Trial, analysis: ExperimentAnalysis, previous: ExperimentRunStatus): ExperimentRunStatus {
  try {
    return { ...previous, phase: 'Pending', analysisRun: create(trial, analysis) };
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error;
    return { ...previous, phase: 'Error', message: MESSAGE.runFailed(analysis.name, error.message) };
  }
}

/** The name of a new run, or of a running one that was made for the same purpose. */
function create(trial: Trial, analysis: ExperimentAnalysis): string {
  const { experiment, observation, draft } = trial;
  const spec = runSpec(trial, analysis);
  const baseName = `${experiment.metadata.name}-${analysis.name}`;
  const existing = new Map(observation.runs.map((run) => [run.metadata.name, run]));
  let name = baseName;
  for (let collision = 1; ; collision++) {
    const run = existing.get(name);
    if (run === undefined) break;
    if (isSameRunning(trial, run, spec)) return name;
    name = `${baseName}.${collision}`;
  }
  draft.add({ effect: 'create', object: runManifest(trial, name, spec) });
  return name;
}

function isSameRunning({ experiment }: Trial, run: AnalysisRun, spec: AnalysisRunSpec): boolean {
  const { terminate: _, ...live } = run.spec;
  const isOwn = controllerOf(run)?.uid === experiment.metadata.uid;
  return isOwn && !isCompletedPhase(run.status?.phase) && deepEqual(live, spec);
}

function runSpec(trial: Trial, analysis: ExperimentAnalysis): AnalysisRunSpec {
  const { templates, clusterTemplates } = trial.observation;
  const { templateName, clusterScope = false } = analysis;
  const found = collectTemplates([{ templateName, clusterScope }], (ref) =>
    (ref.clusterScope ? clusterTemplates : templates).get(ref.templateName),
  );
  const { dryRun, measurementRetention } = trial.experiment.spec;
  return runSpecFromTemplates(found, { args: resolveArguments(trial, analysis.args), dryRun, measurementRetention });
}

/** `{{templates.<name>.podTemplateHash}}` and the like, which only the running experiment knows (rollouts §4.2). */
function resolveArguments(trial: Trial, args: readonly Argument[] = []): Argument[] {
  const values = knownValues(trial);
  return args.map(({ name, value }) => {
    if (value === undefined) return { name };
    return {
      name,
      value: value.replace(/\{\{(.*?)\}\}/gs, (_whole, tag: string) => {
        const known = values.get(tag.trim());
        if (known === undefined) throw new AnalysisError(`failed to resolve {{${tag}}}`);
        return known;
      }),
    };
  });
}

function knownValues(trial: Trial): Map<string, string> {
  const { experiment } = trial;
  const values = new Map<string, string>();
  const { availableAt } = experiment.status ?? {};
  if (availableAt !== undefined) values.set('experiment.availableAt', availableAt);
  const endMs = endsAtMs(experiment);
  if (endMs !== undefined) values.set('experiment.finishedAt', formatTime(endMs));
  for (const { name } of experiment.spec.templates) {
    const rs = replicaSetOf(trial, name);
    if (rs === undefined) continue;
    values.set(`templates.${name}.podTemplateHash`, rs.metadata.labels?.[HASH_LABEL] ?? '');
    values.set(`templates.${name}.replicaset.name`, rs.metadata.name);
  }
  return values;
}

function runManifest({ experiment }: Trial, name: string, spec: AnalysisRunSpec): Manifest {
  const { labels, annotations } = experiment.spec.analysisRunMetadata ?? {};
  const instance = experiment.metadata.labels?.[INSTANCE_ID_LABEL];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: {
      name,
      namespace: experiment.metadata.namespace as string,
      labels: { ...(instance === undefined ? {} : { [INSTANCE_ID_LABEL]: instance }), ...labels },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(experiment)],
    },
    spec,
  };
}

function terminate(trial: Trial, analysis: ExperimentAnalysis, run: AnalysisRun): void {
  if (isCompletedPhase(run.status?.phase) || run.spec.terminate) return;
  trial.draft.note('Normal', REASON.runTerminating, MESSAGE.runTerminating(analysis.name, run.metadata.name));
  const target = refIn(trial, 'AnalysisRun.argoproj.io', run.metadata.name);
  trial.draft.add({ effect: 'patch', target, patch: { spec: { terminate: true } } });
}

/** Told on the experiment, and on the rollout whose step it is. */
function noteChange(trial: Trial, previous: ExperimentRunStatus, { name, phase, message }: ExperimentRunStatus): void {
  if (phase === '' || phase === previous.phase) return;
  const isBad = phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive';
  const text = MESSAGE.runChanged(name, previous.phase, phase, message);
  const reason = `AnalysisRun${phase}`;
  trial.draft.note(isBad ? 'Warning' : 'Normal', reason, text);
  const owner = controllerOf(trial.experiment);
  if (owner?.kind !== 'Rollout') return;
  const about = refIn(trial, 'Rollout.argoproj.io', owner.name);
  trial.draft.events.push({ about, type: isBad ? 'Warning' : 'Normal', reason, message: text });
}
