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

export async function runVerb(invocation: Invocation): Promise<ExitCode> {
  const { command, session, options, terminal, arguments: words } = invocation;
  const api = await session.api();
  const rollout = await findRollout(invocation, api, words[0] ?? '');
  const verb = command.name.split(' ')[1] as string;
  const isFull = verb === 'promote' && options.flag('full');
  for (const patch of planVerb(verb, rollout, isFull)) await apply(api, rollout, patch);
  const { name, namespace } = rollout.metadata;
  const done = { promote: isFull ? 'fully promoted' : 'promoted', abort: 'aborted', retry: 'retried', pause: 'paused' }[
    verb
  ];
  terminal.line(`rollout '${name}' ${done}`);
  terminal.note(`Next: pern rollout get ${name} -n ${namespace} -w`);
  return EXIT_CODES.ok;
}

/**
 * The field changes of a verb (argo-rollouts.md §1.15, K03). Nothing is returned for a full promotion of what is
 * promoted already. Throws CliError for a retry of what is not aborted.
 */
export function planVerb(verb: string, rollout: Rollout, isFull: boolean): RolloutPatch[] {
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
      return isFull ? planFullPromotion(rollout) : planPromotion(rollout);
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

function planPromotion(rollout: Rollout): RolloutPatch[] {
  const { status, spec } = rollout;
  const conditions = status?.pauseConditions ?? [];
  const steps = spec.strategy?.canary?.steps ?? [];
  const index = status?.currentStepIndex ?? 0;
  const next = Math.min(index + 1, steps.length);
  const analysis = status?.canary?.currentStepAnalysisRunStatus?.status;
  const isInconclusiveStep =
    conditions.length > 0 && steps[index]?.analysis !== undefined && analysis === 'Inconclusive';
  if (isInconclusiveStep) {
    const fields = { pauseConditions: null, controllerPause: false, currentStepIndex: next };
    return [...unpause(rollout), { subresource: 'status', patch: { status: fields } }];
  }
  if (conditions.length > 0) {
    return [...unpause(rollout), { subresource: 'status', patch: { status: { pauseConditions: null } } }];
  }
  if (spec.paused === true) return unpause(rollout);
  if (steps.length === 0 || index >= steps.length) return [];
  return [{ subresource: 'status', patch: { status: { pauseConditions: null, currentStepIndex: next } } }];
}

/** Rollouts of installations before the status subresource take the same patch on the object itself. */
async function apply(api: Api, { metadata }: Rollout, { subresource, patch }: RolloutPatch): Promise<void> {
  const target = { namespace: metadata.namespace, name: metadata.name };
  try {
    await api.patch(ROLLOUT, { ...target, subresource }, patch);
  } catch (error) {
    if (subresource === undefined || !(error instanceof ApiFailure) || error.code !== 404) throw error;
    await api.patch(ROLLOUT, target, patch);
  }
}
