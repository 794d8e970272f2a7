import { type Command, NAMESPACE_OPTIONS, type Option } from '../../command.ts';
import { ROLLOUT_ARGUMENT } from './get.ts';

const SEVERAL = { ...ROLLOUT_ARGUMENT, summary: 'rollouts (backend, frontend)', repeat: true };

function verb(
  name: string,
  summary: string,
  does: string,
  options: readonly Option[] = [],
  argument: Command['arguments'][number] = SEVERAL,
): Command {
  return {
    name: `rollout ${name}`,
    summary,
    arguments: [argument],
    options: [...NAMESPACE_OPTIONS, ...options],
    examples: [{ command: `pern rollout ${name} backend -e production`, does }],
    run: async (invocation) => (await import('../../actions/rollout-verbs.ts')).runVerb(invocation),
  };
}

export const rolloutPromote = verb(
  'promote',
  'go on with a rollout: end its pause, or skip the current step',
  'a person has looked and says yes',
  [
    { name: 'full', summary: 'skip all steps, pauses and analyses that are left' },
    { name: 'skip-current-step', summary: 'only move on to the next step; a pause stays' },
    { name: 'skip-all-steps', summary: 'only move on to the end of the steps' },
  ],
  ROLLOUT_ARGUMENT,
);

export const rolloutAbort = verb(
  'abort',
  'stop a release: all traffic back to the stable version',
  'a person has looked and says no',
);

export const rolloutRetry = verb('retry', 'start an aborted release again from its first step', 'the cause is gone');

export const rolloutPause = verb('pause', 'hold a rollout where it is until it is promoted', 'stop and look');

export const rolloutRestart: Command = {
  name: 'rollout restart',
  summary: 'replace the pods of a rollout, within its maxUnavailable',
  arguments: [ROLLOUT_ARGUMENT],
  options: [
    ...NAMESPACE_OPTIONS,
    { name: 'in', value: 'DURATION', summary: 'how long from now (30s, 5m, 1h); default: now' },
  ],
  examples: [{ command: 'pern rollout restart backend -e staging', does: 'new pods of the same version' }],
  run: async (invocation) => (await import('../../actions/rollout-verbs.ts')).runRestart(invocation),
};
