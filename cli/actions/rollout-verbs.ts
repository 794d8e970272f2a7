import { formatTime } from '../../engine/vocabulary/core/clock.ts';
import { type Api, ApiFailure } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import type { Rollout } from '../view/rollout-model.ts';
import { findRollout, ROLLOUT } from './rollout.ts';

/** One merge patch of a rollout, of the object or of its status. */
export interface RolloutPatch {
  subresource?: 'status';
  patch: Record<string, unknown>;
}

/** How far a promotion goes. `step` and `all` are the deprecated flags of `kubectl argo rollouts`. */
export type Promotion = 'next' | 'full' | 'step' | 'all';

export async function runVerb(invocation: Invocation): Promise<ExitCode> {
  const { command, session, terminal, arguments: words } = invocation;
  const api = await session.api();
  const verb = command.name.split(' ')[1] as string;
  const promotion = verb === 'promote' ? promotionOf(invocation) : 'next';
  for (const word of words) {
    const rollout = await findRollout(invocation, api, word);
    for (const patch of planVerb(verb, rollout, promotion)) await apply(api, rollout, patch);
    const { name, namespace } = rollout.metadata;
    const promoted = promotion === 'full' ? 'fully promoted' : 'promoted';
    const done = { promote: promoted, abort: 'aborted', retry: 'retried', pause: 'paused' }[verb];
    terminal.line(`rollout '${name}' ${done}`);
    terminal.note(`Next: pern rollout get ${name} -n ${namespace} -w`);
  }
  return EXIT_CODES.ok;
}

function promotionOf({ options }: Invocation): Promotion {
  const flags = { full: 'full', 'skip-current-step': 'step', 'skip-all-steps': 'all' } as const;
  const given = (Object.keys(flags) as (keyof typeof flags)[]).filter((flag) => options.flag(flag));
  if (given.length > 1) {
    throw new CliError({
      what: `${given.map((flag) => `--${flag}`).join(' and ')} exclude each other`,
      fix: 'give one',
    });
  }
  return given[0] === undefined ? 'next' : flags[given[0]];
}

/** `pern rollout restart`: pods older than the moment named are replaced, a few at a time. */
export async function runRestart(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, now, arguments: words } = invocation;
  const api = await session.api();
  const rollout = await findRollout(invocation, api, words[0] ?? '');
  const restartAt = formatTime(now() + (options.durationMs('in') ?? 0));
  await apply(api, rollout, { patch: { spec: { restartAt } } });
  const { name, namespace } = rollout.metadata;
  terminal.line(`rollout '${name}' restarts in ${options.text('in') ?? '0s'}`);
  terminal.note(`Next: pern rollout get ${name} -n ${namespace} -w`);
  return EXIT_CODES.ok;
}

/**
 * The field changes of a verb (argo-rollouts.md §1.15, K03). Nothing is returned for a full promotion of what is
 * promoted already. Throws CliError for a retry of what is not aborted.
 */
export function planVerb(verb: string, rollout: Rollout, promotion: Promotion): RolloutPatch[] {
  switch (verb) {
    case 'pause':
      return [{ patch: { spec: { paused: true } } }];
    case 'abort':
      return [{ subresource: 'status', patch: { status: { abort: true } } }];
    case 'retry':
      if (rollout.status?.abort !== true) {
        throw new CliError({
          what: `rollout '${rollout.metadata.name}' is not aborted, so there is nothing to retry`,
          fix: 'release another version, or restart its pods',
        });
      }
      return [{ subresource: 'status', patch: { status: { abort: false } } }];
    case 'promote':
      return planPromotion(rollout, promotion);
    default:
      throw new Error(`no such verb: ${verb}`);
  }
}

function unpause({ spec }: Rollout): RolloutPatch[] {
  return spec.paused === true ? [{ patch: { spec: { paused: false } } }] : [];
}

function planFullPromotion(rollout: Rollout): RolloutPatch[] {
  const isPromoted = rollout.status?.currentPodHash === rollout.status?.stableRS;
  const full: RolloutPatch[] = isPromoted ? [] : [{ subresource: 'status', patch: { status: { promoteFull: true } } }];
  return [...unpause(rollout), ...full];
}

function planPromotion(rollout: Rollout, promotion: Promotion): RolloutPatch[] {
  if (promotion === 'full') return planFullPromotion(rollout);
  const { status, spec } = rollout;
  const steps = spec.strategy?.canary?.steps ?? [];
  const index = status?.currentStepIndex ?? 0;
  const next = Math.min(index + 1, steps.length);
  const write = (fields: Record<string, unknown>): RolloutPatch => ({
    subresource: 'status',
    patch: { status: fields },
  });
  if (promotion !== 'next') {
    if (steps.length === 0) {
      throw new CliError({ what: `rollout '${rollout.metadata.name}' has no steps to skip`, fix: 'use --full' });
    }
    return [write({ currentStepIndex: promotion === 'all' ? steps.length : next })];
  }
  const isPaused = (status?.pauseConditions ?? []).length > 0;
  const analysis = status?.canary?.currentStepAnalysisRunStatus?.status;
  if (isPaused && analysis === 'Inconclusive' && status?.controllerPause === true && steps.length > 0) {
    const fields = { pauseConditions: null, controllerPause: false, currentStepIndex: next };
    return [...unpause(rollout), write(fields)];
  }
  if (isPaused) return [...unpause(rollout), write({ pauseConditions: null })];
  // Nothing pauses the rollout by itself: its step is skipped, also when a person had paused it.
  if (steps.length === 0 || index >= steps.length) return unpause(rollout);
  return [...unpause(rollout), write({ pauseConditions: null, currentStepIndex: next })];
}

/** Rollouts of installations before the status subresource take the same patch on the object itself. */
export async function apply(api: Api, { metadata }: Rollout, { subresource, patch }: RolloutPatch): Promise<void> {
  const target = { namespace: metadata.namespace, name: metadata.name };
  try {
    await api.patch(ROLLOUT, { ...target, subresource }, patch);
  } catch (error) {
    if (subresource === undefined || !(error instanceof ApiFailure) || error.code !== 404) throw error;
    await api.patch(ROLLOUT, target, patch);
  }
}
