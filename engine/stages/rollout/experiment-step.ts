import { deepEqual } from '#core/json.ts';
import { controllerOf, controllerReference, isDeleting, type Manifest } from '#kube/object.ts';
import type { LabelSelector } from '#kube/selector.ts';
import { isCompletedPhase } from '../analysis/types.ts';
import type { Experiment, ExperimentSpec, ExperimentTemplate } from '../experiment/types.ts';
import { newestFirst } from './analysis-run-objects.ts';
import { computePodTemplateHash } from './hash.ts';
import { isAborted, isInconclusivelyPaused, type Pass, pauseConditionOf, type RsView, refTo, termsOf } from './pass.ts';
import { MESSAGE, PAUSE, REASON } from './reasons.ts';
import { resolveRunArguments } from './run-arguments.ts';
import { currentStep } from './steps.ts';
import {
  type ExperimentStep,
  type ExperimentStepTemplate,
  HASH_LABEL,
  INSTANCE_ID_LABEL,
  REVISION_ANNOTATION,
} from './types.ts';

/** The Experiment the status names as current. */
export function currentExperimentOf(pass: Pass): Experiment | undefined {
  const name = pass.rollout.status?.canary?.currentExperiment;
  return name === undefined ? undefined : ownExperiments(pass).find(({ metadata }) => metadata.name === name);
}

function ownExperiments({ observation, rollout }: Pass): Experiment[] {
  return observation.experiments.filter((item) => controllerOf(item)?.uid === rollout.metadata.uid);
}

/** The abort that a failed experiment causes; asked early, like that of a failed analysis run. */
export function assessFailedExperiment(pass: Pass): { cause: string } | undefined {
  if (isAborted(pass) || pass.status.promoteFull || isInconclusivelyPaused(pass)) return undefined;
  if (currentStep(termsOf(pass)).step?.experiment === undefined) return undefined;
  const { phase, message } = currentExperimentOf(pass)?.status ?? {};
  if (phase !== 'Failed' && phase !== 'Error') return undefined;
  const text = 'Experiment analysis phase is error/failed';
  return { cause: message ? `${text}: ${message}` : text };
}

/** Starts, follows and ends the Experiment of the current step, and drops old ones (rollouts §4.2). */
export function planExperiments(pass: Pass): void {
  const own = ownExperiments(pass);
  const current = currentExperimentOf(pass);
  if (isAborted(pass) || pass.status.promoteFull) {
    terminate(pass, own);
    return;
  }
  if (isInconclusivelyPaused(pass)) {
    pass.currentExperiment = current?.metadata.name;
    return;
  }
  const { step } = currentStep(termsOf(pass));
  if (step?.experiment !== undefined) planCurrent(pass, step.experiment, current);
  const others = own.filter(({ metadata }) => metadata.name !== pass.currentExperiment);
  terminate(pass, others);
  for (const experiment of experimentsToDelete(pass, others)) remove(pass, experiment);
}

function planCurrent(pass: Pass, step: ExperimentStep, current: Experiment | undefined): void {
  pass.experiment = current;
  if (current === undefined) {
    // A human is to judge an inconclusive experiment: only resuming starts another.
    if (pauseConditionOf(pass.status, PAUSE.inconclusiveExperiment) === undefined) create(pass, step);
    return;
  }
  const { phase } = current.status ?? {};
  if (phase === 'Inconclusive') pass.pause.add.push(PAUSE.inconclusiveExperiment);
  else if (phase !== 'Failed' && phase !== 'Error') pass.currentExperiment = current.metadata.name;
}

/** Creates the Experiment under the first free name, or takes up a running one made for the same step. */
function create(pass: Pass, step: ExperimentStep): void {
  const { rollout, stableRS, newRS } = pass;
  if (stableRS === undefined || newRS === undefined) return;
  const { index = 0 } = currentStep(termsOf(pass));
  const spec = experimentSpec(pass, step, { stable: stableRS, canary: newRS });
  const hash = computePodTemplateHash(rollout.spec.template, pass.status.collisionCount);
  const baseName = `${rollout.metadata.name}-${hash}-${pass.revision}-${index}`;
  const existing = new Map(pass.observation.experiments.map((item) => [item.metadata.name, item]));
  let name = baseName;
  for (let collision = 1; ; collision++) {
    const found = existing.get(name);
    if (found === undefined) break;
    if (isSameRunning(pass, found, spec)) {
      pass.experiment = found;
      pass.currentExperiment = name;
      return;
    }
    name = `${baseName}-${collision}`;
  }
  pass.draft.add({ effect: 'create', object: manifest(pass, name, hash, spec) });
  pass.draft.note('Normal', REASON.experimentCreated, MESSAGE.experimentCreated(name));
  pass.currentExperiment = name;
}

function isSameRunning({ rollout }: Pass, found: Experiment, spec: ExperimentSpec): boolean {
  const isOwn = controllerOf(found)?.uid === rollout.metadata.uid;
  const { terminate: _, ...live } = found.spec;
  return isOwn && !isCompletedPhase(found.status?.phase) && deepEqual(live, spec);
}

function manifest({ rollout, revision }: Pass, name: string, hash: string, spec: ExperimentSpec): Manifest {
  const { labels, namespace } = rollout.metadata;
  const instance = labels?.[INSTANCE_ID_LABEL];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: {
      name,
      namespace: namespace as string,
      labels: { ...labels, [HASH_LABEL]: hash, ...(instance === undefined ? {} : { [INSTANCE_ID_LABEL]: instance }) },
      annotations: { [REVISION_ANNOTATION]: String(revision) },
      ownerReferences: [controllerReference(rollout)],
    },
    spec,
  };
}

function experimentSpec(pass: Pass, step: ExperimentStep, sets: { stable: RsView; canary: RsView }): ExperimentSpec {
  const { rollout } = pass;
  const { duration, scaleDownDelaySeconds, dryRun, analysisRunMetadata } = step;
  const { progressDeadlineSeconds } = rollout.spec;
  const hashes = { latest: sets.canary.hash, stable: sets.stable.hash };
  const analyses = (step.analyses ?? []).map(({ args, ...analysis }) => {
    const resolved = resolveRunArguments(args, rollout, hashes);
    return resolved.length === 0 ? analysis : { ...analysis, args: resolved };
  });
  return {
    templates: (step.templates ?? []).map((template) => experimentTemplate(template, sets)),
    ...(duration === undefined ? {} : { duration }),
    ...(progressDeadlineSeconds === undefined ? {} : { progressDeadlineSeconds }),
    ...(analyses.length === 0 ? {} : { analyses }),
    ...(scaleDownDelaySeconds === undefined ? {} : { scaleDownDelaySeconds }),
    ...(dryRun === undefined ? {} : { dryRun }),
    ...(analysisRunMetadata === undefined ? {} : { analysisRunMetadata }),
  };
}

/** A copy of the canary's or the stable pods' template; labels the step adds become part of the selector. */
function experimentTemplate(
  step: ExperimentStepTemplate,
  sets: { stable: RsView; canary: RsView },
): ExperimentTemplate {
  const { object } = step.specRef === 'stable' ? sets.stable : sets.canary;
  const { template, minReadySeconds } = object.spec;
  const { labels = {}, annotations = {} } = step.metadata ?? {};
  const selector = (step.selector ?? object.spec.selector) as LabelSelector;
  const metadata = template?.metadata ?? {};
  const allAnnotations = { ...metadata.annotations, ...annotations };
  return {
    name: step.name,
    ...(step.replicas === undefined ? {} : { replicas: step.replicas }),
    ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
    selector: { ...selector, matchLabels: { ...selector.matchLabels, ...labels } },
    template: {
      ...(template as ExperimentTemplate['template']),
      metadata: {
        ...metadata,
        labels: { ...metadata.labels, ...labels },
        ...(Object.keys(allAnnotations).length === 0 ? {} : { annotations: allAnnotations }),
      },
    },
    ...(step.service === undefined && step.weight === undefined ? {} : { service: serviceOf(step) }),
  };
}

function serviceOf({ service }: ExperimentStepTemplate): { name?: string } {
  return service?.name ? { name: service.name } : {};
}

function terminate(pass: Pass, experiments: readonly Experiment[]): void {
  for (const { metadata, spec, status } of experiments) {
    if (spec.terminate || isCompletedPhase(status?.phase)) continue;
    const target = refTo(pass, 'Experiment.argoproj.io', metadata.name);
    pass.draft.add({ effect: 'patch', target, patch: { spec: { terminate: true } } });
  }
}

function remove(pass: Pass, { metadata }: Experiment): void {
  const target = refTo(pass, 'Experiment.argoproj.io', metadata.name);
  pass.draft.add({ effect: 'delete', target, propagation: 'Background', when: { uid: metadata.uid } });
}

/** Beyond the history limits, newest kept, or without a ReplicaSet of their hash; the same limits as for analysis runs. */
function experimentsToDelete(pass: Pass, experiments: readonly Experiment[]): Experiment[] {
  const { successfulRunHistoryLimit = 5, unsuccessfulRunHistoryLimit = 5 } = pass.rollout.spec.analysis ?? {};
  const alive = new Set(pass.allRSs.filter(({ object }) => !isDeleting(object)).map(({ hash }) => hash));
  let successful = 0;
  let unsuccessful = 0;
  return [...experiments].sort(newestFirst).filter((experiment) => {
    if (isDeleting(experiment)) return false;
    if (!alive.has(experiment.metadata.labels?.[HASH_LABEL] ?? '')) return true;
    const { phase } = experiment.status ?? {};
    if (!isCompletedPhase(phase)) return false;
    return phase === 'Successful'
      ? ++successful > successfulRunHistoryLimit
      : ++unsuccessful > unsuccessfulRunHistoryLimit;
  });
}
