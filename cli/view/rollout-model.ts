import { parseTime } from '../../engine/vocabulary/core/clock.ts';
import { parseSecondsOrDurationMs } from '../../engine/vocabulary/core/duration.ts';
import type { KindMap } from '../../engine/vocabulary/kube/kinds.ts';
import { controllerOf } from '../../engine/vocabulary/kube/object.ts';
import { type AnalysisRunView, analysisRunView } from './analysis-model.ts';
import { isPodReady, type Pod, podStatus, readyContainers, restartCount } from './pods.ts';

export type Rollout = KindMap['Rollout.argoproj.io'];
export type ReplicaSet = KindMap['ReplicaSet.apps'];
export type AnalysisRun = KindMap['AnalysisRun.argoproj.io'];
export type Experiment = KindMap['Experiment.argoproj.io'];

/** The objects that a view of one rollout is made from. Those of other rollouts may be among them. */
export interface RolloutObjects {
  rollout: Rollout;
  replicaSets: readonly ReplicaSet[];
  pods: readonly Pod[];
  analysisRuns: readonly AnalysisRun[];
  experiments?: readonly Experiment[];
}

export interface StepView {
  /** As in argo-rollouts S12: `setWeight: 20`, `pause: 10m`, `analysis: success-rate, latency`. */
  label: string;
  state: 'done' | 'current' | 'todo';
  /** What the current step waits for: `3m left`, `until "pern rollout promote"`. */
  remark?: string;
}

export interface PodView {
  name: string;
  status: string;
  isReady: boolean;
  ready: readonly [number, number];
  restarts: number;
  createdMs: number;
}

export type Role = 'canary' | 'stable' | 'active' | 'preview' | 'ping' | 'pong';

export interface ReplicaSetView {
  name: string;
  status: 'Healthy' | 'Progressing' | 'ScaledDown' | 'ReplicaFailure';
  roles: readonly Role[];
  createdMs: number;
  /** When it will be scaled down, while it waits for that. */
  scaleDownMs: number | undefined;
  pods: readonly PodView[];
}

export interface ExperimentView {
  name: string;
  namespace: string;
  phase: string;
  message: string;
  createdMs: number;
  images: readonly { image: string; tags: readonly string[] }[];
  replicaSets: readonly ReplicaSetView[];
  analysisRuns: readonly AnalysisRunView[];
}

export interface RevisionView {
  number: number;
  replicaSets: readonly ReplicaSetView[];
  experiments: readonly ExperimentView[];
  analysisRuns: readonly AnalysisRunView[];
}

/** Everything that `rollout get` and the console show of one rollout; times are milliseconds since the epoch. */
export interface RolloutView {
  name: string;
  namespace: string;
  phase: string;
  message: string;
  strategy: 'Canary' | 'BlueGreen';
  createdMs: number;
  /** Index of the current step, 0 to stepCount; stepCount = past the last one. */
  stepIndex: number;
  steps: readonly StepView[];
  setWeightPercent: number;
  actualWeightPercent: number;
  images: readonly { image: string; tags: readonly string[] }[];
  replicas: { desired: number; current: number; updated: number; ready: number; available: number };
  /** Newest first. */
  revisions: readonly RevisionView[];
}

const TEMPLATE_NAME = 'experiment.argoproj.io/template-name';
const HASH_LABEL = 'rollouts-pod-template-hash';
const REVISION = 'rollout.argoproj.io/revision';

export function rolloutView(objects: RolloutObjects, nowMs: number): RolloutView {
  const { rollout } = objects;
  const status = rollout.status ?? {};
  const steps = rollout.spec.strategy?.canary?.steps ?? [];
  const { phase, message } = rolloutPhase(rollout);
  const stepIndex = Math.min(status.currentStepIndex ?? steps.length, steps.length);
  return {
    name: rollout.metadata.name,
    namespace: rollout.metadata.namespace ?? '',
    phase,
    message,
    strategy: rollout.spec.strategy?.blueGreen === undefined ? 'Canary' : 'BlueGreen',
    createdMs: parseTime(rollout.metadata.creationTimestamp) ?? nowMs,
    stepIndex,
    steps: stepViews(objects, stepIndex, nowMs),
    setWeightPercent: setWeight(rollout, stepIndex),
    actualWeightPercent: actualWeight(objects, stepIndex),
    images: imageViews(objects),
    replicas: {
      desired: rollout.spec.replicas ?? 1,
      current: status.replicas ?? 0,
      updated: status.updatedReplicas ?? 0,
      ready: status.readyReplicas ?? 0,
      available: status.availableReplicas ?? 0,
    },
    revisions: revisionViews(objects, nowMs),
  };
}

/** The phase as clients see it (argo-rollouts.md §2.2): what the controller wrote, unless it has not seen the spec yet. */
export function rolloutPhase(rollout: Rollout): { phase: string; message: string } {
  const { status, metadata } = rollout;
  const observed = Number(status?.observedGeneration);
  if (Number.isInteger(observed) && observed < (metadata.generation ?? 0)) {
    return { phase: 'Progressing', message: 'waiting for rollout spec update to be observed' };
  }
  if (status?.controllerPause === true && (status.pauseConditions ?? []).length === 0) {
    return { phase: 'Progressing', message: 'waiting for rollout to unpause' };
  }
  if (status?.phase === undefined) return { phase: 'Progressing', message: 'waiting for the rollout controller' };
  return { phase: status.phase, message: status.message ?? '' };
}

function isPromoted({ status }: Rollout): boolean {
  return status?.stableRS !== undefined && status.stableRS === status.currentPodHash;
}

/** Weight of the last setWeight up to the current step; 100 without steps or past the last one, 0 once aborted. */
function setWeight(rollout: Rollout, stepIndex: number): number {
  const steps = rollout.spec.strategy?.canary?.steps ?? [];
  if (rollout.status?.abort === true && !isPromoted(rollout)) return 0;
  if (stepIndex >= steps.length) return 100;
  const last = steps.slice(0, stepIndex + 1).findLast((step) => step.setWeight !== undefined);
  return last?.setWeight ?? 0;
}

function actualWeight({ rollout, replicaSets }: RolloutObjects, stepIndex: number): number {
  const canary = rollout.spec.strategy?.canary;
  const status = rollout.status;
  const steps = canary?.steps ?? [];
  const available = status?.availableReplicas ?? 0;
  if (available === 0) return 0;
  if (canary?.trafficRouting !== undefined) {
    const weights = status?.canary?.weights;
    if (stepIndex >= steps.length && isPromoted(rollout)) return 100;
    return weights?.canary?.weight ?? setWeight(rollout, stepIndex);
  }
  if (stepIndex >= steps.length) return 100;
  const current = replicaSets.find((set) => isOwned(set, rollout) && hashOf(set) === status?.currentPodHash);
  return Math.floor(((current?.status?.availableReplicas ?? 0) * 100) / available);
}

function hashOf(object: { metadata: { labels?: Record<string, string> } }): string | undefined {
  return object.metadata.labels?.[HASH_LABEL];
}

function isOwned(object: Parameters<typeof controllerOf>[0], owner: { metadata: { uid: string } }): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/** As `kubectl argo rollouts` names them: the version all went to, the one that is tried, and whom the services select. */
function rolesOf(set: ReplicaSet, { spec, status }: Rollout): Role[] {
  const hash = hashOf(set);
  const isStable = hash !== undefined && hash === status?.stableRS;
  if (spec.strategy?.blueGreen !== undefined) {
    const { activeSelector, previewSelector } = status?.blueGreen ?? {};
    const service: Role[] = hash === activeSelector ? ['active'] : hash === previewSelector ? ['preview'] : [];
    return [...(isStable ? (['stable'] as const) : []), ...service];
  }
  if (!isStable && hash !== status?.currentPodHash) return [];
  const stablePing = status?.canary?.stablePingPong;
  const isPing = stablePing !== undefined && (stablePing === 'ping') === isStable;
  const service: Role[] =
    spec.strategy?.canary?.pingPong === undefined || stablePing === undefined ? [] : [isPing ? 'ping' : 'pong'];
  return [isStable ? 'stable' : 'canary', ...service];
}

const ROLES: readonly string[] = ['canary', 'stable', 'active', 'preview', 'ping', 'pong'];

function byRole(a: string, b: string): number {
  const rank = (tag: string) => (ROLES.includes(tag) ? ROLES.indexOf(tag) : ROLES.length);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

type ImageTags = readonly [set: ReplicaSet, tags: readonly string[]];

/** Images of sets that have pods, with what these are: by image, tags by name. */
function taggedImages(sets: readonly ImageTags[]): { image: string; tags: string[] }[] {
  const images = new Map<string, Set<string>>();
  for (const [set, roles] of sets) {
    if ((set.spec.replicas ?? 0) === 0 && (set.status?.replicas ?? 0) === 0) continue;
    for (const { image = '' } of set.spec.template?.spec?.containers ?? []) {
      const tags = images.get(image) ?? new Set();
      for (const role of roles) tags.add(role);
      images.set(image, tags);
    }
  }
  return [...images]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([image, tags]) => ({ image, tags: [...tags].sort(byRole) }));
}

function imageViews({ rollout, replicaSets, experiments = [] }: RolloutObjects): { image: string; tags: string[] }[] {
  const own = replicaSets.filter((set) => isOwned(set, rollout)).map((set): ImageTags => [set, rolesOf(set, rollout)]);
  const tried = experiments
    .filter((experiment) => isOwned(experiment, rollout))
    .flatMap((experiment) => experimentImages(experiment, replicaSets));
  return taggedImages([...own, ...tried]);
}

function experimentImages(experiment: Experiment, replicaSets: readonly ReplicaSet[]): ImageTags[] {
  return replicaSets
    .filter((set) => isOwned(set, experiment))
    .map((set) => {
      const template = set.metadata.annotations?.[TEMPLATE_NAME];
      return [set, template === undefined ? [] : [`Σ:${template}`]];
    });
}

/** An Experiment with its ReplicaSets and AnalysisRuns, as `kubectl argo rollouts get experiment` shows it. */
export function experimentView(
  experiment: Experiment,
  objects: Pick<RolloutObjects, 'replicaSets' | 'pods' | 'analysisRuns'>,
  nowMs: number,
): ExperimentView {
  const { metadata, status } = experiment;
  const { replicaSets, pods, analysisRuns } = objects;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    phase: status?.phase ?? 'Pending',
    message: status?.message ?? '',
    createdMs: parseTime(metadata.creationTimestamp) ?? nowMs,
    images: taggedImages(experimentImages(experiment, replicaSets)),
    replicaSets: replicaSets
      .filter((set) => isOwned(set, experiment))
      .map((set) => replicaSetView(set, [], pods, nowMs))
      .sort(byAge),
    analysisRuns: analysisRuns
      .filter((run) => isOwned(run, experiment))
      .map((run) => analysisRunView(run, nowMs))
      .sort(byAge),
  };
}

function byAge(a: { createdMs: number; name: string }, b: { createdMs: number; name: string }): number {
  return a.createdMs - b.createdMs || (a.name < b.name ? -1 : 1);
}

type Step = NonNullable<NonNullable<NonNullable<Rollout['spec']['strategy']>['canary']>['steps']>[number];

/** The text of a step (argo-rollouts S12). */
export function stepLabel(step: Step): string {
  if (step.setWeight !== undefined) return `setWeight: ${step.setWeight}`;
  if (step.pause !== undefined) return step.pause?.duration === undefined ? 'pause' : `pause: ${step.pause.duration}`;
  if (step.analysis !== undefined) {
    return `analysis: ${(step.analysis.templates ?? []).map(({ templateName }) => templateName).join(', ')}`;
  }
  if (step.setCanaryScale !== undefined) {
    const { weight, replicas, matchTrafficWeight } = step.setCanaryScale;
    if (weight !== undefined) return `setCanaryScale{weight: ${weight}}`;
    if (replicas !== undefined) return `setCanaryScale{replicas: ${replicas}}`;
    return `setCanaryScale{matchTrafficWeight: ${matchTrafficWeight === true}}`;
  }
  // Newer than the typed schema.
  const { plugin } = step as { plugin?: { name: string } };
  if (plugin !== undefined) return `plugin: ${plugin.name}`;
  return Object.keys(step)[0] ?? 'empty';
}

function stepViews({ rollout }: RolloutObjects, stepIndex: number, nowMs: number): StepView[] {
  const steps = rollout.spec.strategy?.canary?.steps ?? [];
  const isAborted = rollout.status?.abort === true && !isPromoted(rollout);
  return steps.map((step, index) => {
    if (index < stepIndex && !isAborted) return { label: stepLabel(step), state: 'done' };
    if (index > stepIndex || isAborted) return { label: stepLabel(step), state: 'todo' };
    return { label: stepLabel(step), state: 'current', remark: currentRemark(rollout, step, nowMs) };
  });
}

function currentRemark(rollout: Rollout, step: Step, nowMs: number): string | undefined {
  const analysis = rollout.status?.canary?.currentStepAnalysisRunStatus;
  if (step.analysis !== undefined) return analysis?.status?.toLowerCase();
  if (step.pause === undefined) return undefined;
  const startMs = parseTime(
    rollout.status?.pauseConditions?.find(({ reason }) => reason === 'CanaryPauseStep')?.startTime,
  );
  if (startMs === undefined) return undefined;
  const durationMs = step.pause?.duration === undefined ? undefined : parseSecondsOrDurationMs(step.pause.duration);
  if (durationMs === undefined) return 'until it is promoted';
  return `${Math.max(0, Math.ceil((startMs + durationMs - nowMs) / 1000))}s left`;
}

function revisionViews(objects: RolloutObjects, nowMs: number): RevisionView[] {
  const { rollout } = objects;
  const numbers = new Map<number, { sets: ReplicaSetView[]; experiments: ExperimentView[]; runs: AnalysisRunView[] }>();
  const at = (annotations: Record<string, string> | undefined) => {
    const number = Number(annotations?.[REVISION] ?? 0);
    const entry = numbers.get(number) ?? { sets: [], experiments: [], runs: [] };
    numbers.set(number, entry);
    return entry;
  };
  for (const set of objects.replicaSets) {
    if (!isOwned(set, rollout)) continue;
    at(set.metadata.annotations).sets.push(replicaSetView(set, rolesOf(set, rollout), objects.pods, nowMs));
  }
  for (const experiment of objects.experiments ?? []) {
    if (!isOwned(experiment, rollout)) continue;
    at(experiment.metadata.annotations).experiments.push(experimentView(experiment, objects, nowMs));
  }
  for (const run of objects.analysisRuns) {
    if (isOwned(run, rollout)) at(run.metadata.annotations).runs.push(analysisRunView(run, nowMs));
  }
  return [...numbers]
    .sort(([a], [b]) => b - a)
    .map(([number, { sets, experiments, runs }]) => ({
      number,
      replicaSets: sets.sort((a, b) => (a.name < b.name ? -1 : 1)),
      experiments: experiments.sort(byAge),
      analysisRuns: runs.sort(byAge),
    }));
}

function replicaSetView(set: ReplicaSet, roles: readonly Role[], pods: readonly Pod[], nowMs: number): ReplicaSetView {
  const desired = set.spec.replicas ?? 0;
  const isObserved = (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0);
  const hasFailure = set.status?.conditions?.some(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  const isComplete = isObserved && (set.status?.availableReplicas ?? 0) >= desired;
  return {
    name: set.metadata.name,
    status:
      hasFailure === true && isObserved
        ? 'ReplicaFailure'
        : desired === 0 && isObserved
          ? 'ScaledDown'
          : isComplete
            ? 'Healthy'
            : 'Progressing',
    roles,
    createdMs: parseTime(set.metadata.creationTimestamp) ?? nowMs,
    scaleDownMs: parseTime(set.metadata.annotations?.['scale-down-deadline']),
    pods: podsOf(set, pods, nowMs),
  };
}

/** Pods that an object controls, oldest first. */
export function podsOf(owner: { metadata: { uid: string } }, pods: readonly Pod[], nowMs: number): PodView[] {
  return pods
    .filter((pod) => isOwned(pod, owner))
    .map((pod) => ({
      name: pod.metadata.name,
      status: podStatus(pod),
      isReady: isPodReady(pod),
      ready: readyContainers(pod),
      restarts: restartCount(pod),
      createdMs: parseTime(pod.metadata.creationTimestamp) ?? nowMs,
    }))
    .sort((a, b) => a.createdMs - b.createdMs || (a.name < b.name ? -1 : 1));
}
