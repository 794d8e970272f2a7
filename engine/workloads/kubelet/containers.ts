import type { Draft } from '#control/plan.ts';
import type { ContainerState, VolumeSource } from '#machine/pods.ts';
import type { Failure } from '#machine/questions.ts';
import { nextRestartDelayMs, restartAtMs } from './back-off.ts';
import { containerStart } from './container-start.ts';
import { type ContainerView, isStarted, mayRestart } from './container-view.ts';
import type { EnvironmentSources } from './environment.ts';
import { ContainerConfigError } from './fields.ts';
import type { Pod } from './pod-types.ts';
import {
  CONFIG_ERROR,
  CONTAINER_CREATING,
  CRASH_LOOP_BACK_OFF,
  ERR_IMAGE_PULL,
  IMAGE_PULL_BACK_OFF,
  INVALID_IMAGE_NAME,
  messages,
  POD_INITIALIZING,
} from './reasons.ts';
import { MountError } from './volumes.ts';

/** Why a container that should run does not; becomes `state.waiting`. */
export interface Waiting {
  reason: string;
  message?: string;
}

/** What a plan decided about the containers of one pod. */
export interface ContainersDecision {
  /** By container name; containers that run or have ended for good are not in it. */
  waiting: Record<string, Waiting>;
  initialized: boolean;
  /** An init container ended in failure and may not run again. */
  initFailed: boolean;
  /** Why volumes cannot be set up, when they cannot. */
  mountFailure?: string;
}

interface Context {
  pod: Pod;
  sources: EnvironmentSources;
  volumes: () => Readonly<Record<string, VolumeSource>>;
  draft: Draft;
  nowMs: number;
  decision: ContainersDecision;
}

/** Starts what has its turn: init containers one after the other, then all others; restarts what ended. */
export function decideContainers(
  views: readonly ContainerView[],
  given: Omit<Context, 'decision'>,
): ContainersDecision {
  const decision: ContainersDecision = { waiting: {}, initialized: true, initFailed: false };
  const context = { ...given, decision };
  for (const view of views.filter(({ init }) => init)) {
    if (!decision.initialized || decision.initFailed) wait(context, view, { reason: POD_INITIALIZING });
    else decideInit(context, view);
  }
  for (const view of views.filter(({ init }) => !init)) {
    if (!decision.initialized) wait(context, view, { reason: POD_INITIALIZING });
    else decideRun(context, view);
  }
  return decision;
}

function decideInit(context: Context, view: ContainerView): void {
  const { state, sidecar } = view;
  const isDone = sidecar ? isStarted(view) : state?.phase === 'exited' && state.exitCode === 0;
  if (isDone) return;
  // A sidecar that crashes later holds nobody up: what comes after it has begun already.
  const hadStarted = sidecar && view.reported?.started === true && state !== undefined;
  if (!hadStarted) context.decision.initialized = false;
  if (state?.phase === 'exited' && !mayRestart(context.pod, view, state.exitCode ?? 0)) {
    context.decision.initFailed = true;
    return;
  }
  decideRun(context, view);
}

/** A container whose turn it is: start it, restart it, or leave it. */
function decideRun(context: Context, view: ContainerView): void {
  const { state, lost, reported } = view;
  if (state === undefined && !lost) {
    tryStart(context, view, { attempt: 0, restartDelayMs: 0 });
    return;
  }
  if (state === undefined) {
    const ended = reported?.state?.terminated;
    if (!view.init && !mayRestart(context.pod, view, ended?.exitCode ?? 137)) return;
    tryStart(context, view, { attempt: (reported?.restartCount ?? 0) + 1, restartDelayMs: 0 });
    return;
  }
  if (state.phase !== 'exited' || !mayRestart(context.pod, view, state.exitCode ?? 0)) return;
  restart(context, view, state);
}

function restart(context: Context, view: ContainerView, state: ContainerState): void {
  const { pod, draft, nowMs } = context;
  const atMs = restartAtMs(state);
  if (atMs <= nowMs) {
    tryStart(context, view, { attempt: state.attempt + 1, restartDelayMs: nextRestartDelayMs(state) });
    return;
  }
  const { name } = view.container;
  draft.wakeAt(atMs);
  if (view.reported?.state?.waiting?.reason !== CRASH_LOOP_BACK_OFF) {
    draft.note('Warning', 'BackOff', messages.backOff(name, pod));
  }
  wait(context, view, {
    reason: CRASH_LOOP_BACK_OFF,
    message: messages.waitingBackOff(state.restartDelayMs, name, pod),
  });
}

function tryStart(context: Context, view: ContainerView, run: { attempt: number; restartDelayMs: number }): void {
  const { draft, sources } = context;
  const image = view.container.image ?? '';
  const answer = draft.ask({ ask: 'image', image });
  if (answer === undefined) {
    // Shown while the image is looked up; an ended run stays visible instead.
    if (view.state === undefined) wait(context, view, { reason: CONTAINER_CREATING });
    return;
  }
  if (!answer.ok) {
    waitForImage(context, view, image, answer.failure);
    return;
  }
  try {
    const { sidecar, init } = view;
    const runsToCompletion = !sidecar && (init || (context.pod.spec.restartPolicy ?? 'Always') !== 'Always');
    const start = containerStart(view.container, sources, {
      ...run,
      image: answer.value,
      volumes: context.volumes(),
      runsToCompletion,
    });
    draft.note('Normal', 'Pulled', messages.pulled(image));
    draft.add({ effect: 'node', node: { op: 'startContainer', start } });
    draft.note('Normal', 'Created', messages.created(view.container.name));
    if (view.state === undefined) wait(context, view, { reason: CONTAINER_CREATING });
  } catch (error) {
    waitForObjects(context, view, error);
  }
}

function waitForImage(context: Context, view: ContainerView, image: string, failure: Failure): void {
  const { draft } = context;
  const before = view.reported?.state?.waiting?.reason;
  if (failure.code === INVALID_IMAGE_NAME) {
    const message = `Failed to apply default image tag "${image}": ${failure.message}`;
    if (before !== INVALID_IMAGE_NAME) {
      draft.note('Warning', 'InspectFailed', message).note('Warning', 'Failed', messages.error(INVALID_IMAGE_NAME));
    }
    wait(context, view, { reason: INVALID_IMAGE_NAME, message });
    return;
  }
  if (before !== ERR_IMAGE_PULL && before !== IMAGE_PULL_BACK_OFF) {
    draft.note('Warning', 'Failed', messages.pullFailed(image, failure.message));
    draft.note('Warning', 'Failed', messages.error(ERR_IMAGE_PULL));
    wait(context, view, { reason: ERR_IMAGE_PULL, message: failure.message });
    return;
  }
  if (before === ERR_IMAGE_PULL) {
    draft.note('Normal', 'BackOff', messages.pullBackOff(image));
    draft.note('Warning', 'Failed', messages.error(IMAGE_PULL_BACK_OFF));
  }
  wait(context, view, {
    reason: IMAGE_PULL_BACK_OFF,
    message: `${messages.pullBackOff(image)}: ErrImagePull: ${failure.message}`,
  });
}

function waitForObjects(context: Context, view: ContainerView, error: unknown): void {
  if (error instanceof MountError) {
    context.decision.mountFailure = error.message;
    wait(context, view, { reason: CONTAINER_CREATING });
    return;
  }
  if (!(error instanceof ContainerConfigError)) throw error;
  const { reason, message } = view.reported?.state?.waiting ?? {};
  if (reason !== CONFIG_ERROR || message !== error.message) {
    context.draft.note('Warning', 'Failed', messages.error(error.message));
  }
  wait(context, view, { reason: CONFIG_ERROR, message: error.message });
}

function wait(context: Context, view: ContainerView, waiting: Waiting): void {
  const { state } = view;
  const isFinal =
    state !== undefined && (state.phase !== 'exited' || !mayRestart(context.pod, view, state.exitCode ?? 0));
  if (!isFinal) context.decision.waiting[view.container.name] = waiting;
}
