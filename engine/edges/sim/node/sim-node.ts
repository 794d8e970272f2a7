import { unreachable } from '#core/assert.ts';
import type { Cancel, Scheduler } from '#core/clock.ts';
import { type Entropy, randomInteger } from '#core/entropy.ts';
import { fnv1a32 } from '#core/json.ts';
import type { NodePort } from '#edges/ports.ts';
import {
  type ContainerStart,
  type ContainerState,
  filesHash,
  type NodeEffect,
  type ProbeKind,
  type SandboxState,
} from '#machine/pods.ts';
import { NO_ATTEMPTS, type ProbeCount } from '#machine/probe-thresholds.ts';
import type { Answer, Question } from '#machine/questions.ts';
import {
  type BehaviourTable,
  behaviourOf,
  type ImageBehaviour,
  type ModelledProbe,
  nextTransition,
} from './behaviour.ts';

interface Run {
  state: ContainerState;
  behaviour: ImageBehaviour;
  startupMs: number;
  timers: Map<string, Cancel>;
}

interface Sandbox {
  record: Omit<SandboxState, 'containers' | 'volumes'>;
  volumes: Record<string, string>;
  runs: Map<string, Run>;
}

export interface SimNodeParts {
  scheduler: Scheduler;
  /** Varies how long starts take; without it they always take the middle. */
  entropy?: Entropy;
  /** Healthy programs when absent. */
  behaviours?: BehaviourTable;
}

const MIDDLE: Entropy = { random: () => 0.5 };

/** How long the machine takes to create a container, at least and at most. */
const START_MS = { least: 200, most: 800 };

/**
 * The node as a model on a virtual clock: containers take time to start and to stop, and behave as their image's
 * behaviour says. A container that just runs costs no events; probes cost one event a change of verdict.
 */
export class SimNode implements NodePort {
  readonly #scheduler: Scheduler;
  readonly #entropy: Entropy;
  readonly #behaviours: BehaviourTable;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #listeners: ((podUid: string) => void)[] = [];

  constructor({ scheduler, entropy = MIDDLE, behaviours = () => undefined }: SimNodeParts) {
    this.#scheduler = scheduler;
    this.#entropy = entropy;
    this.#behaviours = behaviours;
  }

  apply(effect: NodeEffect): void {
    switch (effect.op) {
      case 'createSandbox':
        this.#createSandbox(effect);
        break;
      case 'startContainer':
        this.#startContainer(effect.start);
        break;
      case 'startProbe':
        this.#startProbe(effect);
        break;
      case 'stopProbe':
        this.#stopProbe(effect.podUid, effect.container, effect.probe);
        break;
      case 'stopContainer':
        this.#stopContainer(effect);
        break;
      case 'updateVolume':
        this.#updateVolume(effect);
        break;
      case 'removeSandbox':
        this.#removeSandbox(effect.podUid);
        break;
      default:
        unreachable(effect);
    }
  }

  sandbox(podUid: string): SandboxState | undefined {
    const sandbox = this.#sandboxes.get(podUid);
    if (sandbox === undefined) return undefined;
    const runs = [...sandbox.runs].sort(([left], [right]) => (left < right ? -1 : 1));
    return {
      ...sandbox.record,
      volumes: { ...sandbox.volumes },
      containers: Object.fromEntries(runs.map(([name, run]) => [name, run.state])),
    };
  }

  sandboxes(): readonly SandboxState[] {
    return [...this.#sandboxes.keys()].sort().map((podUid) => this.sandbox(podUid) as SandboxState);
  }

  onChange(listener: (podUid: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Every image exists unless its behaviour says otherwise; equal references have equal ids. */
  answer({ image }: Extract<Question, { ask: 'image' }>, respond: (answer: Answer) => void): () => void {
    let open = true;
    const { exists, user } = behaviourOf(this.#behaviours, image);
    const failure = { code: 'ErrImagePull', message: `failed to pull and unpack image "${image}": not found` };
    this.#scheduler.soon(() => {
      if (!open) return;
      respond(exists ? { ok: true, value: { imageId: imageIdOf(image), user } } : { ok: false, failure });
    });
    return () => {
      open = false;
    };
  }

  /** Ends a run from outside, as a crash or the kernel would: for injected faults. Nothing happens when it does not run. */
  end(podUid: string, container: string, exitCode: number, reason?: string): void {
    this.#end(podUid, container, exitCode, reason);
  }

  #createSandbox({ podUid, namespace, name, ip }: Extract<NodeEffect, { op: 'createSandbox' }>): void {
    if (this.#sandboxes.has(podUid)) return;
    const record = {
      podUid,
      namespace,
      name,
      ip,
      createdAtMs: this.#scheduler.now(),
      isolation: 'model: no processes',
    };
    this.#sandboxes.set(podUid, { record, volumes: {}, runs: new Map() });
    this.#changed(podUid);
  }

  #startContainer(start: ContainerStart): void {
    const sandbox = this.#sandboxes.get(start.podUid);
    const last = sandbox?.runs.get(start.container);
    if (sandbox === undefined || (last !== undefined && last.state.phase !== 'exited')) return;
    const behaviour = behaviourOf(this.#behaviours, start.image, start);
    const startupMs = Math.round(behaviour.startupMs * (1 + this.#entropy.random('startup') / 2));
    const run: Run = { state: newState(start, this.#scheduler.now()), behaviour, startupMs, timers: new Map() };
    sandbox.runs.set(start.container, run);
    for (const { volume, source } of start.mounts) {
      if (source.type === 'files') sandbox.volumes[volume] ??= filesHash(source.files);
    }
    const span = START_MS.most - START_MS.least;
    const delayMs = START_MS.least + randomInteger(this.#entropy, span, 'container start');
    this.#after(run, 'begin', delayMs, () => this.#begin(start.podUid, run));
    this.#changed(start.podUid);
  }

  #begin(podUid: string, run: Run): void {
    const { behaviour, state } = run;
    run.state = { ...state, phase: 'running', startedAtMs: this.#scheduler.now(), usage: behaviour.usage };
    if (behaviour.exitAfterMs !== undefined) {
      const { exitCode, exitReason } = behaviour;
      this.#after(run, 'exit', behaviour.exitAfterMs, () => this.#end(podUid, state.container, exitCode, exitReason));
    }
    this.#changed(podUid);
  }

  #startProbe({ podUid, container, attempt, probe: kind, spec }: Extract<NodeEffect, { op: 'startProbe' }>): void {
    const run = this.#run(podUid, container);
    if (run === undefined || run.state.attempt !== attempt || run.state.probes[kind] !== undefined) return;
    const { behaviour, startupMs, state } = run;
    const firstAttemptMs = this.#scheduler.now() + spec.initialDelayMs;
    const probe: ModelledProbe = { kind, spec, behaviour, startupMs, startedAtMs: state.startedAtMs, firstAttemptMs };
    run.state = { ...state, probes: { ...state.probes, [kind]: NO_ATTEMPTS.state } };
    this.#follow(podUid, run, probe, NO_ATTEMPTS, 0);
  }

  /** Schedules the next change of a verdict, if there will be one. */
  #follow(podUid: string, run: Run, probe: ModelledProbe, count: ProbeCount, from: number): void {
    const next = nextTransition(probe, count, from);
    if (next === undefined) return;
    this.#after(run, probe.kind, next.atMs - this.#scheduler.now(), () => {
      run.state = { ...run.state, probes: { ...run.state.probes, [probe.kind]: next.count.state } };
      this.#changed(podUid);
      this.#follow(podUid, run, probe, next.count, next.attempt + 1);
    });
  }

  #stopProbe(podUid: string, container: string, kind: ProbeKind): void {
    const run = this.#run(podUid, container);
    if (run === undefined) return;
    run.timers.get(kind)?.();
    const { [kind]: _stopped, ...probes } = run.state.probes;
    run.state = { ...run.state, probes };
  }

  #stopContainer({ podUid, container, graceMs, preStop }: Extract<NodeEffect, { op: 'stopContainer' }>): void {
    const run = this.#run(podUid, container);
    if (run === undefined) return;
    const killAtMs = this.#scheduler.now() + graceMs;
    const underWay = run.state.killAtMs;
    if (underWay !== undefined && underWay <= killAtMs) return;
    for (const kind of ['startup', 'liveness'] as const) run.timers.get(kind)?.();
    run.state = { ...run.state, phase: 'stopping', killAtMs };
    const stopMs = (preStop?.type === 'sleep' ? preStop.durationMs : 0) + run.behaviour.shutdownMs;
    const isKilled = stopMs > graceMs;
    this.#after(run, 'kill', graceMs, () => this.#end(podUid, container, 137));
    if (!isKilled && underWay === undefined) this.#after(run, 'exit', stopMs, () => this.#end(podUid, container, 0));
    this.#changed(podUid);
  }

  #updateVolume({ podUid, volume, files }: Extract<NodeEffect, { op: 'updateVolume' }>): void {
    const sandbox = this.#sandboxes.get(podUid);
    if (sandbox === undefined) return;
    sandbox.volumes[volume] = filesHash(files);
    this.#changed(podUid);
  }

  #removeSandbox(podUid: string): void {
    const sandbox = this.#sandboxes.get(podUid);
    if (sandbox === undefined) return;
    // Whoever looks at runs alone sees them end before they are forgotten.
    for (const container of sandbox.runs.keys()) this.#end(podUid, container, 137);
    this.#sandboxes.delete(podUid);
    this.#changed(podUid);
  }

  #end(podUid: string, container: string, exitCode: number, reason?: string): void {
    const run = this.#run(podUid, container);
    if (run === undefined) return;
    cancelAll(run);
    const { killAtMs: _killAtMs, usage: _usage, ...state } = run.state;
    run.state = {
      ...state,
      phase: 'exited',
      exitCode,
      reason: reason ?? (exitCode === 0 ? 'Completed' : 'Error'),
      finishedAtMs: this.#scheduler.now(),
      probes: {},
    };
    this.#changed(podUid);
  }

  /** The run of a container that has not ended. */
  #run(podUid: string, container: string): Run | undefined {
    const run = this.#sandboxes.get(podUid)?.runs.get(container);
    return run?.state.phase === 'exited' ? undefined : run;
  }

  #after(run: Run, what: string, delayMs: number, act: () => void): void {
    run.timers.get(what)?.();
    run.timers.set(what, this.#scheduler.at(this.#scheduler.now() + delayMs, act));
  }

  #changed(podUid: string): void {
    for (const listener of this.#listeners) listener(podUid);
  }
}

function cancelAll(run: Run): void {
  for (const cancel of run.timers.values()) cancel();
  run.timers.clear();
}

function newState(start: ContainerStart, nowMs: number): ContainerState {
  const { podUid, container, attempt, image, restartDelayMs } = start;
  const containerId = `model://${podUid}/${container}/${attempt}`;
  const imageId = imageIdOf(image);
  return {
    container,
    attempt,
    phase: 'starting',
    containerId,
    image,
    imageId,
    startedAtMs: nowMs,
    restartDelayMs,
    probes: {},
  };
}

function imageIdOf(image: string): string {
  const part = (salt: number) => fnv1a32(`${salt}|${image}`).toString(16).padStart(8, '0');
  return `sha256:${Array.from({ length: 8 }, (_, salt) => part(salt)).join('')}`;
}
