import { HEALTHY, type ServiceBehaviour, type ServiceContext } from '../../engine/edges/sim/traffic/behaviour.ts';
import type { SimulatedImage } from '../../engine/host/simulated.ts';
import type { AnswerModel, ImageChange, ImageModel } from '../scenario/types.ts';

const MEBIBYTE = 1024 * 1024;
/** What a small Node.js service uses. */
const USAGE = { cpuMillis: 15, cpuMillisPerRequest: 4, memoryBytes: 90 * MEBIBYTE, memoryBytesPerRequest: 0 };
const HEALTHY_API: ServiceBehaviour = { ...HEALTHY, usage: USAGE };
const HEALTHY_WEB: ServiceBehaviour = { ...HEALTHY_API, latencyMs: { p50: 4, p95: 20 }, database: false };

/** A component that serves files asks no database; its name says which one it is. */
export function isWeb(component: string): boolean {
  return /front|web|ui\b|static/.test(component);
}

/** A healthy version of a component. */
export function healthyImage(component: string): SimulatedImage {
  return { service: isWeb(component) ? HEALTHY_WEB : HEALTHY_API };
}

/** An image as the simulated machine wants it. */
export function simulatedImage(component: string, model: ImageModel): SimulatedImage {
  const { exists, ready, startup, exits } = model;
  const container = {
    ...(exists === undefined ? {} : { exists }),
    ...(ready === undefined ? {} : { ready }),
    ...(startup === undefined ? {} : { startupMs: startup }),
    ...(exits === undefined
      ? {}
      : { exitAfterMs: exits.after, exitCode: exits.code ?? 1, exitReason: exits.reason ?? undefined }),
  };
  return { container, service: serviceModel(component, model) };
}

function serviceModel(component: string, model: ImageModel): SimulatedImage['service'] {
  const base = withAnswers(isWeb(component) ? HEALTHY_WEB : HEALTHY_API, model);
  const { cpu, memory } = model;
  const usage = {
    cpuMillis: cpu?.idleMillicores ?? USAGE.cpuMillis,
    cpuMillisPerRequest: cpu?.millisecondsPerRequest ?? USAGE.cpuMillisPerRequest,
    memoryBytes: memory?.base ?? USAGE.memoryBytes,
    memoryBytesPerRequest: memory?.perRequest ?? 0,
  };
  const own = { ...base, usage };
  const changes = model.changes ?? [];
  if (changes.length === 0) return own;
  const known = new Map<string, ServiceBehaviour>();
  return (context) => {
    const holding = changes.filter((change) => holds(change, context));
    const key = changes.map((change) => (holding.includes(change) ? '1' : '0')).join('');
    let behaviour = known.get(key);
    if (behaviour === undefined) {
      behaviour = holding.reduce(withAnswers, own);
      known.set(key, behaviour);
    }
    return behaviour;
  };
}

function withAnswers(behaviour: ServiceBehaviour, model: AnswerModel): ServiceBehaviour {
  const { errorRate, latency, query, poolInUse, poolWaiting } = model;
  return {
    ...behaviour,
    ...(errorRate === undefined ? {} : { errorRate }),
    ...(latency === undefined ? {} : { latencyMs: latency }),
    ...(query === undefined ? {} : { queryMs: query }),
    ...(poolInUse === undefined ? {} : { poolInUse }),
    ...(poolWaiting === undefined ? {} : { poolWaiting }),
  };
}

function holds({ when }: ImageChange, context: ServiceContext): boolean {
  return (
    (when.after === undefined || context.ageMs >= when.after) &&
    (when.until === undefined || context.ageMs < when.until) &&
    (when.requestsPerSecond === undefined || context.requestsPerSecond >= when.requestsPerSecond) &&
    (when.share === undefined || context.share >= when.share - 1e-9) &&
    (when.requests === undefined || context.requests >= when.requests) &&
    (when.memory === undefined || context.memoryBytes >= when.memory)
  );
}
