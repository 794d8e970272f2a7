import { formatTime } from '#core/clock.ts';
import { type Condition, findCondition, withCondition } from '#kube/conditions.ts';
import { parseQuantity } from '#kube/quantity.ts';
import type { ContainerState } from '#machine/pods.ts';
import { type ContainerView, isReady, isStarted } from './container-view.ts';
import type { ContainersDecision, Waiting } from './containers.ts';
import type { KubeletObservation } from './observation.ts';
import { allContainers, type Container, type ContainerStatus, type Pod, type PodStatus } from './pod-types.ts';
import { CONTAINER_CREATING, ISOLATION_CONDITION, POD_INITIALIZING } from './reasons.ts';

export interface StatusFacts {
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  views: readonly ContainerView[];
  decision: ContainersDecision;
  /** `status.reason` and `status.message`, e.g. of a pod that passed its deadline. */
  failure?: { reason: string; message: string };
  /** Why the sandbox or its volumes cannot be made. */
  blocked?: { reason: string; message: string };
}

type PodCondition = Condition & { lastProbeTime?: string | null };

/** The whole status of a pod, as a kubelet writes it. */
export function podStatus(observation: KubeletObservation, facts: StatusFacts, nowMs: number): PodStatus {
  const { pod, sandbox, hostIp } = observation;
  const { views, phase, failure } = facts;
  const before = pod.status;
  const podIp = sandbox?.ip ?? before?.podIP;
  const statuses = (init: boolean) =>
    views.filter((view) => view.init === init).map((view) => containerStatus(view, facts, pod));
  const inits = statuses(true);
  const { generation } = pod.metadata;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    conditions: conditionsOf(observation, facts, nowMs) as PodStatus['conditions'],
    ...(failure ?? {}),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    ...(podIp === undefined ? {} : { podIP: podIp, podIPs: [{ ip: podIp }] }),
    startTime: before?.startTime ?? formatTime(nowMs),
    ...(inits.length === 0 ? {} : { initContainerStatuses: inits }),
    containerStatuses: statuses(false),
    qosClass: before?.qosClass ?? qosClass(pod),
  };
}

function containerStatus(view: ContainerView, { decision, phase }: StatusFacts, pod: Pod): ContainerStatus {
  const { container, state, reported } = view;
  const waiting = decision.waiting[container.name];
  const isDeleting = pod.metadata.deletionTimestamp !== undefined;
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const started = isStarted(view);
  return {
    name: container.name,
    state: stateOf(view, waiting, isOver),
    lastState: lastStateOf(view, waiting),
    ready: isReady(view) && !(isDeleting && !view.init),
    restartCount: state?.attempt ?? reported?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: (state?.imageId || reported?.imageID) ?? '',
    ...(state === undefined ? withId(reported?.containerID) : { containerID: state.containerId }),
    started,
  };
}

function withId(containerID: string | undefined) {
  return containerID === undefined ? {} : { containerID };
}

function stateOf(view: ContainerView, waiting: Waiting | undefined, isOver: boolean): ContainerStatus['state'] {
  const { state, reported, init, lost } = view;
  if (waiting !== undefined) return { waiting: { ...waiting } };
  if (state === undefined) {
    if (reported?.state?.terminated) return { terminated: reported.state.terminated };
    if (lost || isOver) return { terminated: lostRun(reported) };
    return { waiting: { reason: init ? POD_INITIALIZING : CONTAINER_CREATING } };
  }
  if (state.phase === 'exited') return { terminated: terminated(state) };
  return { running: { startedAt: formatTime(state.startedAtMs) } };
}

function lostRun(reported: ContainerStatus | undefined) {
  const startedAt = reported?.state?.running?.startedAt;
  return {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(reported?.containerID === undefined ? {} : { containerID: reported.containerID }),
  };
}

function terminated(state: ContainerState): NonNullable<NonNullable<ContainerStatus['state']>['terminated']> {
  return {
    exitCode: state.exitCode ?? 0,
    reason: state.reason ?? (state.exitCode === 0 ? 'Completed' : 'Error'),
    ...(state.message === undefined ? {} : { message: state.message }),
    startedAt: formatTime(state.startedAtMs),
    finishedAt: formatTime(state.finishedAtMs ?? state.startedAtMs),
    containerID: state.containerId,
  };
}

/** The run before the one that `state` shows. */
function lastStateOf(
  { state, reported, lost }: ContainerView,
  waiting: Waiting | undefined,
): ContainerStatus['lastState'] {
  if (state?.phase === 'exited' && waiting !== undefined) return { terminated: terminated(state) };
  if (lost && waiting !== undefined && reported?.state?.terminated) return { terminated: reported.state.terminated };
  if (lost && waiting !== undefined && reported?.state?.running) return { terminated: lostRun(reported) };
  const isNewRun =
    state !== undefined && reported?.containerID !== undefined && reported.containerID !== state.containerId;
  if (isNewRun && reported.state?.terminated) return { terminated: reported.state.terminated };
  if (isNewRun && reported.state?.running) return { terminated: lostRun(reported) };
  return reported?.lastState ?? {};
}

function conditionsOf(observation: KubeletObservation, facts: StatusFacts, nowMs: number): PodCondition[] {
  const { pod, sandbox } = observation;
  const nowTime = formatTime(nowMs);
  const wanted: PodCondition[] = [
    sandboxCondition(observation, facts),
    initializedCondition(facts),
    ...readyConditions(pod, facts),
    { type: 'PodScheduled', status: 'True' },
  ];
  if (sandbox !== undefined) wanted.push(isolationCondition(sandbox.isolation));
  let conditions = (pod.status?.conditions ?? []) as readonly PodCondition[];
  const generation = pod.metadata.generation;
  for (const condition of wanted) {
    const observed = generation === undefined ? {} : { observedGeneration: generation };
    conditions = withCondition(conditions, { lastProbeTime: null, ...condition, ...observed }, nowTime);
  }
  return [...conditions];
}

function sandboxCondition({ sandbox }: KubeletObservation, { blocked }: StatusFacts): PodCondition {
  const type = 'PodReadyToStartContainers';
  if (blocked !== undefined) return { type, status: 'False', ...blocked };
  return { type, status: sandbox === undefined ? 'False' : 'True' };
}

function initializedCondition({ phase, decision, views }: StatusFacts): PodCondition {
  const type = 'Initialized';
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' };
  if (decision.initialized) return { type, status: 'True' };
  const incomplete = views.filter((view) => view.init && !isReady(view)).map(({ container }) => container.name);
  return {
    type,
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${incomplete.join(' ')}]`,
  };
}

function readyConditions(pod: Pod, { phase, views }: StatusFacts): PodCondition[] {
  const main = views.filter((view) => !view.init || view.sidecar);
  const unready = main.filter((view) => !isReady(view)).map(({ container }) => container.name);
  const lastProbeTime = lastFailure(main);
  const both = (condition: Omit<PodCondition, 'type'>): PodCondition[] => [
    { type: 'Ready', ...condition },
    { type: 'ContainersReady', ...condition, lastProbeTime },
  ];
  if (phase === 'Succeeded') return both({ status: 'False', reason: 'PodCompleted' });
  if (phase === 'Failed') return both({ status: 'False', reason: 'PodFailed' });
  if (pod.metadata.deletionTimestamp !== undefined)
    return both({ status: 'False', reason: 'ContainersNotReady', message: 'the pod is terminating' });
  if (unready.length > 0) {
    return both({
      status: 'False',
      reason: 'ContainersNotReady',
      message: `containers with unready status: [${unready.join(' ')}]`,
    });
  }
  const gate = pod.spec.readinessGates?.find(
    ({ conditionType }) => findCondition(pod.status?.conditions, conditionType)?.status !== 'True',
  );
  if (gate === undefined) return both({ status: 'True' });
  const message = `corresponding condition of pod readiness gate "${gate.conditionType}" does not exist or is not "True".`;
  return [
    { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message },
    { type: 'ContainersReady', status: 'True', lastProbeTime },
  ];
}

/** When the newest readiness failure that stands was found; Kubernetes leaves this field to probes and writes null. */
function lastFailure(views: readonly ContainerView[]): string | null {
  const failures = views.map(({ state }) => state?.probes.readiness).filter((probe) => probe?.result === 'failure');
  return failures.length === 0 ? null : formatTime(Math.max(...failures.map((probe) => probe?.atMs ?? 0)));
}

function isolationCondition(isolation: string): PodCondition {
  const colon = isolation.indexOf(':');
  const mode = colon < 0 ? isolation : isolation.slice(0, colon);
  return {
    type: ISOLATION_CONDITION,
    status: mode === 'process' ? 'False' : 'True',
    reason: mode === '' ? 'Unknown' : mode[0]?.toUpperCase() + mode.slice(1),
    message: isolation,
  };
}

/** Guaranteed: every container has equal cpu and memory requests and limits. BestEffort: none has any. */
export function qosClass(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const amounts = allContainers(pod).map((container: Container) => {
    const { requests, limits } = container.resources ?? {};
    return ['cpu', 'memory'].map((name) => {
      const limit = parseQuantity(limits?.[name]);
      return { limit, request: parseQuantity(requests?.[name]) ?? limit };
    });
  });
  const all = amounts.flat();
  if (all.every(({ limit, request }) => limit === undefined && request === undefined)) return 'BestEffort';
  return all.every(({ limit, request }) => limit !== undefined && limit === request) ? 'Guaranteed' : 'Burstable';
}
