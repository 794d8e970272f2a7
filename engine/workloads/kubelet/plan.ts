import { Draft, type Plan } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { findCondition } from '#kube/conditions.ts';
import { filesHash } from '#machine/pods.ts';
import { type ContainerView, containerViews, mayRestart } from './container-view.ts';
import { type ContainersDecision, decideContainers } from './containers.ts';
import type { EnvironmentSources } from './environment.ts';
import { planHealth } from './health.ts';
import type { KubeletObservation } from './observation.ts';
import { isTerminal, type Pod, type PodStatus } from './pod-types.ts';
import { graceMsOf } from './probes.ts';
import { messages, UNSUPPORTED_FIELD } from './reasons.ts';
import { podStatus, type StatusFacts } from './status.ts';
import { planStop, remainingGraceMs } from './termination.ts';
import { unsupportedFields } from './unsupported.ts';
import { MountError, volumeSources } from './volumes.ts';

type Observation = KubeletObservation;

/** The next step of one pod's life (pods-and-traffic.md §6). */
export function planPod(observation: Observation, nowMs: number): Plan {
  const { pod } = observation;
  if (isTerminal(pod)) return planEnded(observation);
  if (pod.metadata.deletionTimestamp !== undefined) return planDeletion(observation, nowMs);
  const blocked = unsupported(pod);
  if (blocked !== undefined) return planBlocked(observation, blocked, nowMs);
  if (observation.sandbox === undefined) return planSandbox(observation, nowMs);
  return planRunning(observation, nowMs);
}

/** An ended pod keeps its object and its logs; the machine is given back. */
function planEnded({ pod, sandbox }: Observation): Plan {
  const draft = new Draft();
  if (sandbox !== undefined) removeSandbox(pod, draft);
  if (pod.metadata.deletionTimestamp !== undefined) removeObject(pod, draft);
  return draft.finish();
}

function planDeletion(observation: Observation, nowMs: number): Plan {
  const { pod, sandbox, answers } = observation;
  const draft = new Draft(answers);
  const views = containerViews(observation);
  const stopped = planStop(pod, views, remainingGraceMs(pod, nowMs), sandbox?.ip ?? '', nowMs, draft);
  if (sandbox === undefined && pod.status?.startTime === undefined) {
    removeObject(pod, draft);
    return draft.finish();
  }
  const phase = stopped ? endPhase(views) : ((pod.status?.phase as StatusFacts['phase'] | undefined) ?? 'Pending');
  const decision = { waiting: {}, initialized: isInitialized(pod), initFailed: false };
  // Whoever watches sees how the containers ended before the pod goes: an ended pod is removed by its next plan.
  return draft.finish({ ...podStatus(observation, { phase, views, decision }, nowMs) });
}

function planBlocked(observation: Observation, blocked: { reason: string; message: string }, nowMs: number): Plan {
  const draft = new Draft(observation.answers);
  noteOnce(observation.pod, draft, blocked);
  const views = containerViews(observation);
  const decision = { waiting: {}, initialized: isInitialized(observation.pod), initFailed: false };
  return draft.finish({ ...podStatus(observation, { phase: 'Pending', views, decision, blocked }, nowMs) });
}

function planSandbox(observation: Observation, nowMs: number): Plan {
  const { pod, podIp, answers } = observation;
  if (podIp === undefined) {
    const blocked = { reason: 'FailedCreatePodSandBox', message: 'no free address is left in the pod network' };
    return planBlocked(observation, blocked, nowMs);
  }
  const draft = new Draft(answers);
  const views = containerViews(observation);
  const { uid, namespace = '', name } = pod.metadata;
  if (views.some(({ lost }) => lost)) {
    draft.note('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
  }
  const hostname = pod.spec.hostname ?? name;
  draft.add({ effect: 'node', node: { op: 'createSandbox', podUid: uid, namespace, name, ip: podIp, hostname } });
  const decision = { waiting: {}, initialized: (pod.spec.initContainers ?? []).length === 0, initFailed: false };
  const phase = (pod.status?.phase as StatusFacts['phase'] | undefined) ?? 'Pending';
  return draft.finish({ ...podStatus(observation, { phase, views, decision }, nowMs) });
}

function planRunning(observation: Observation, nowMs: number): Plan {
  const { pod, sandbox, answers } = observation;
  const podIp = sandbox?.ip ?? '';
  const draft = new Draft(answers);
  const views = containerViews(observation);
  noteStarted(views, draft);
  const deadline = pastDeadline(pod, nowMs, draft);
  if (deadline !== undefined) return planFailure(observation, views, deadline, nowMs, draft);
  const sources: EnvironmentSources = { ...observation, node: { podIp, hostIp: observation.hostIp } };
  const volumes = () => volumeSources({ ...sources });
  const decision = decideContainers(views, { pod, sources, volumes, draft, nowMs });
  const end = endOf(pod, views, decision);
  if (end !== undefined) return planEnd(observation, views, decision, end, nowMs, draft);
  planHealth(pod, views, podIp, draft);
  refreshVolumes(observation, sources, draft);
  const blocked =
    decision.mountFailure === undefined ? undefined : { reason: 'FailedMount', message: decision.mountFailure };
  if (blocked !== undefined) noteOnce(pod, draft, blocked);
  const phase = views.some((view) => !view.init && (view.state !== undefined || view.lost)) ? 'Running' : 'Pending';
  return draft.finish({ ...podStatus(observation, { phase, views, decision, blocked }, nowMs) });
}

/** The phase of a pod that has nothing more to run, or undefined while it has. */
function endOf(
  pod: Pod,
  views: readonly ContainerView[],
  decision: ContainersDecision,
): 'Succeeded' | 'Failed' | undefined {
  if (decision.initFailed) return 'Failed';
  const main = views.filter(({ init }) => !init);
  const isOver = main.every((view) => {
    const exitCode = endedWith(view);
    return exitCode !== undefined && !mayRestart(pod, view, exitCode);
  });
  return isOver && decision.initialized ? endPhase(views) : undefined;
}

/** The exit code of a container that has ended, also of one whose run was lost. */
function endedWith({ state, lost, reported }: ContainerView): number | undefined {
  if (state !== undefined) return state.phase === 'exited' ? (state.exitCode ?? 0) : undefined;
  return lost ? (reported?.state?.terminated?.exitCode ?? 137) : undefined;
}

function endPhase(views: readonly ContainerView[]): 'Succeeded' | 'Failed' {
  return views.filter(({ init }) => !init).every((view) => endedWith(view) === 0) ? 'Succeeded' : 'Failed';
}

/** The containers are done: sidecars are stopped, then the pod is over. */
function planEnd(
  observation: Observation,
  views: readonly ContainerView[],
  decision: ContainersDecision,
  phase: 'Succeeded' | 'Failed',
  nowMs: number,
  draft: Draft,
): Plan {
  const { pod, sandbox } = observation;
  const stopped = planStop(pod, views, graceMsOf(pod), sandbox?.ip ?? '', nowMs, draft);
  const shown = stopped ? phase : ((pod.status?.phase as StatusFacts['phase'] | undefined) ?? 'Running');
  return draft.finish({ ...podStatus(observation, { phase: shown, views, decision }, nowMs) });
}

function planFailure(
  observation: Observation,
  views: readonly ContainerView[],
  failure: { reason: string; message: string },
  nowMs: number,
  draft: Draft,
): Plan {
  const { pod, sandbox } = observation;
  if (pod.status?.reason !== failure.reason) draft.note('Normal', failure.reason, failure.message);
  const stopped = planStop(pod, views, graceMsOf(pod), sandbox?.ip ?? '', nowMs, draft);
  const decision = { waiting: {}, initialized: isInitialized(pod), initFailed: false };
  const phase = stopped ? 'Failed' : ((pod.status?.phase as StatusFacts['phase'] | undefined) ?? 'Pending');
  return draft.finish({ ...podStatus(observation, { phase, views, decision, failure }, nowMs) });
}

function pastDeadline(pod: Pod, nowMs: number, draft: Draft): { reason: string; message: string } | undefined {
  const startMs = parseTime(pod.status?.startTime);
  const seconds = pod.spec.activeDeadlineSeconds;
  if (seconds === undefined || startMs === undefined) return undefined;
  const deadlineMs = startMs + seconds * 1000;
  if (nowMs >= deadlineMs) {
    return { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
  }
  draft.wakeAt(deadlineMs);
  return undefined;
}

/** The Started event of runs that were not reported yet. */
function noteStarted(views: readonly ContainerView[], draft: Draft): void {
  for (const { container, state, reported } of views) {
    if (state === undefined || reported?.containerID === state.containerId) continue;
    if (state.reason === 'StartError')
      draft.note('Warning', 'Failed', messages.startFailed(state.message ?? 'StartError'));
    else if (state.phase !== 'starting') draft.note('Normal', 'Started', messages.started(container.name));
  }
}

/** New content of ConfigMaps and Secrets reaches running pods; a source that is gone leaves the old content. */
function refreshVolumes({ pod, sandbox }: Observation, sources: EnvironmentSources, draft: Draft): void {
  if (sandbox === undefined || Object.keys(sandbox.volumes).length === 0) return;
  try {
    for (const [volume, source] of Object.entries(volumeSources({ ...sources }))) {
      const shown = sandbox.volumes[volume];
      if (source.type !== 'files' || shown === undefined || shown === filesHash(source.files)) continue;
      draft.add({
        effect: 'node',
        node: { op: 'updateVolume', podUid: pod.metadata.uid, volume, files: source.files },
      });
    }
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
  }
}

function unsupported(pod: Pod): { reason: string; message: string } | undefined {
  const found = unsupportedFields(pod);
  if (found.length === 0) return undefined;
  const texts = found.map(({ field, why }) => `${field} is not supported (${why})`);
  return { reason: UNSUPPORTED_FIELD, message: texts.join('; ') };
}

/** A Warning event, unless the condition tells the same already. */
function noteOnce(pod: Pod, draft: Draft, blocked: { reason: string; message: string }): void {
  const told = findCondition(pod.status?.conditions, 'PodReadyToStartContainers');
  if (told?.reason === blocked.reason && told.message === blocked.message) return;
  draft.note('Warning', blocked.reason, blocked.message);
}

function isInitialized(pod: Pod): boolean {
  if ((pod.spec.initContainers ?? []).length === 0) return true;
  return findCondition((pod.status as PodStatus | undefined)?.conditions, 'Initialized')?.status === 'True';
}

function removeSandbox(pod: Pod, draft: Draft): void {
  draft.add({ effect: 'node', node: { op: 'removeSandbox', podUid: pod.metadata.uid } });
}

/** The kubelet's last word on a deleted pod. An object held by finalizers stays, marked with grace 0. */
function removeObject(pod: Pod, draft: Draft): void {
  const { namespace, name, uid, deletionGracePeriodSeconds } = pod.metadata;
  if (deletionGracePeriodSeconds === 0) return;
  draft.add({ effect: 'delete', target: { kind: 'Pod', namespace, name }, gracePeriodSeconds: 0, when: { uid } });
}
