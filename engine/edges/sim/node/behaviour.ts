import type { ContainerStart, ProbeKind, ProbeSpec } from '#machine/pods.ts';
import { afterAttempt, isOver, type ProbeCount } from '#machine/probe-thresholds.ts';

/** How a program behaves that a model stands in for. Times are since the start of the run. */
export interface ImageBehaviour {
  /** False: the image is not in the store. */
  exists: boolean;
  /** User of the image config. */
  user: string;
  /** From the start until its probes can succeed; varied by the node by up to a half. */
  startupMs: number;
  /** False: its readiness probe never succeeds. */
  ready: boolean;
  /** Spans in which the named probes fail. */
  outages: readonly { fromMs: number; untilMs: number; probes: readonly ProbeKind[] }[];
  /** It ends by itself after this time with `exitCode`; undefined: it runs on. */
  exitAfterMs: number | undefined;
  exitCode: number;
  /** Why it ended, when not `Completed` or `Error`: e.g. `OOMKilled`. */
  exitReason: string | undefined;
  /** From SIGTERM to the end. */
  shutdownMs: number;
  usage: { cpuSeconds: number; memoryBytes: number } | undefined;
}

const HEALTHY: ImageBehaviour = {
  exists: true,
  user: '10001',
  startupMs: 1000,
  ready: true,
  outages: [],
  exitAfterMs: undefined,
  exitCode: 0,
  exitReason: undefined,
  shutdownMs: 1000,
  usage: undefined,
};

/** How long a program takes that the pod awaits, unless its behaviour says otherwise. */
const TASK_MS = 3000;

/** Looks behaviours up by image; undefined or missing members mean healthy. */
export type BehaviourTable = (image: string, start?: ContainerStart) => Partial<ImageBehaviour> | undefined;

/** The behaviour of a run, or of an image when there is no run yet. */
export function behaviourOf(table: BehaviourTable, image: string, start?: ContainerStart): ImageBehaviour {
  const task = start?.runsToCompletion === true ? { exitAfterMs: TASK_MS } : {};
  return { ...HEALTHY, ...task, ...table(image, start) };
}

/** Whether an attempt at `sinceStartMs` of the run would succeed. */
function succeeds(behaviour: ImageBehaviour, startupMs: number, kind: ProbeKind, sinceStartMs: number): boolean {
  if (sinceStartMs < startupMs) return false;
  if (kind === 'readiness' && !behaviour.ready) return false;
  return !behaviour.outages.some(
    ({ fromMs, untilMs, probes }) => probes.includes(kind) && sinceStartMs >= fromMs && sinceStartMs < untilMs,
  );
}

/** A probe of a run, in the model's terms. */
export interface ModelledProbe {
  kind: ProbeKind;
  spec: ProbeSpec;
  behaviour: ImageBehaviour;
  /** When the run started and how long it takes to start up. */
  startedAtMs: number;
  startupMs: number;
  /** When the first attempt is made. */
  firstAttemptMs: number;
}

/**
 * The next change of a probe's verdict from attempt number `from` on, or undefined when there is none any more. Attempts
 * are counted, not scheduled: stretches in which nothing can change are skipped.
 */
export function nextTransition(
  probe: ModelledProbe,
  count: ProbeCount,
  from: number,
): { atMs: number; attempt: number; count: ProbeCount } | undefined {
  const { kind, spec, behaviour, startedAtMs, startupMs, firstAttemptMs } = probe;
  if (isOver(kind, count)) return undefined;
  const boundaries = [startupMs, ...behaviour.outages.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs])];
  let current = count;
  for (let attempt = from; ; attempt++) {
    const atMs = firstAttemptMs + attempt * spec.periodMs;
    const ok = succeeds(behaviour, startupMs, kind, atMs - startedAtMs);
    const next = afterAttempt(current, spec, { ok, message: messageOf(spec) }, atMs);
    if (next.state !== current.state) return { atMs, attempt, count: next };
    current = next;
    if (next.state.result !== next.last) continue;
    // The verdict stands: the next attempt that can differ is the first one at or after the next boundary.
    const boundary = Math.min(...boundaries.map((ms) => startedAtMs + ms).filter((ms) => ms > atMs));
    if (boundary === Number.POSITIVE_INFINITY) return undefined;
    attempt = Math.max(attempt, Math.ceil((boundary - firstAttemptMs) / spec.periodMs) - 1);
  }
}

function messageOf({ action }: ProbeSpec): string {
  if (action.type === 'httpGet') return 'HTTP probe failed with statuscode: 503';
  if (action.type === 'tcpSocket') return `dial tcp ${action.host}:${action.port}: connect: connection refused`;
  return 'command exited with code 1';
}
