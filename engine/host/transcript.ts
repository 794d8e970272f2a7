import type { StepRecord } from '#control/control-loop.ts';
import type { Effect } from '#control/plan.ts';
import { formatRef } from '#kube/kinds.ts';

/**
 * What happened, as lines of text: every event a controller noted, every change of a canary's weight, every failed step,
 * and what the caller adds. Two runs with the same seed and inputs have the same transcript, byte for byte.
 */
export class Transcript {
  readonly lines: string[] = [];
  readonly #startMs: number;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  add(nowMs: number, actor: string, what: string): void {
    this.lines.push(`${formatOffset(nowMs - this.#startMs)}  ${actor.padEnd(16)} ${what}`);
  }

  record({ nowMs, controller, key, plan, error }: StepRecord): void {
    if (error !== undefined) {
      this.add(nowMs, controller, `${key}  failed: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    for (const effect of plan?.effects ?? []) {
      const weight = canaryWeight(effect);
      if (weight !== undefined) this.add(nowMs, controller, weight);
    }
    for (const { type, reason, message } of plan?.events ?? []) {
      this.add(nowMs, controller, `${key}  ${type} ${reason}: ${message}`);
    }
  }

  toString(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

/** `+01:02:03.400`: hours, minutes, seconds since the start. */
export function formatOffset(offsetMs: number): string {
  const pad = (value: number, digits: number) => String(Math.floor(value)).padStart(digits, '0');
  return `+${pad(offsetMs / 3_600_000, 2)}:${pad((offsetMs / 60_000) % 60, 2)}:${pad((offsetMs / 1000) % 60, 2)}.${pad(offsetMs % 1000, 3)}`;
}

const WEIGHT = 'nginx.ingress.kubernetes.io/canary-weight';

interface Rule {
  backendRefs?: { name: string; weight?: number }[];
}

/** `web-stable 80 web-canary 20`, when a patch sets the weights of an HTTPRoute. */
function routeWeights(effect: Extract<Effect, { effect: 'patch' }>): string | undefined {
  const { rules = [] } = (effect.patch.spec ?? {}) as { rules?: Rule[] };
  const split = rules.find(({ backendRefs = [] }) => backendRefs.some(({ weight }) => weight !== undefined));
  const weights = split?.backendRefs?.map(({ name, weight }) => `${name} ${weight ?? 1}`).join(' ');
  return weights === undefined ? undefined : `${formatRef(effect.target)}  weights ${weights}`;
}

function canaryWeight(effect: Effect): string | undefined {
  if (effect.effect !== 'patch') return undefined;
  if (effect.target.kind === 'HTTPRoute.gateway.networking.k8s.io') return routeWeights(effect);
  const metadata = effect.patch.metadata as { annotations?: Record<string, string> } | undefined;
  const weight = metadata?.annotations?.[WEIGHT];
  return weight === undefined ? undefined : `${formatRef(effect.target)}  canary weight ${weight}`;
}
