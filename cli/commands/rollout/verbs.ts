import { type Command, NAMESPACE_OPTIONS, type Option } from '../../command.ts';
import { ROLLOUT_ARGUMENT } from './get.ts';

function verb(name: string, summary: string, does: string, options: readonly Option[] = []): Command {
  return {
    name: `rollout ${name}`,
    summary,
    arguments: [ROLLOUT_ARGUMENT],
    options: [...NAMESPACE_OPTIONS, ...options],
    examples: [{ command: `pern rollout ${name} backend -e production`, does }],
    run: async (invocation) => (await import('../../actions/rollout-verbs.ts')).runVerb(invocation),
  };
}

export const rolloutPromote = verb(
  'promote',
  'go on with a rollout: end its pause, or skip the current step',
  'a person has looked and says yes',
  [{ name: 'full', summary: 'skip all steps, pauses and analyses that are left' }],
);

export const rolloutAbort = verb(
  'abort',
  'stop a release: all traffic back to the stable version',
  'a person has looked and says no',
);

export const rolloutRetry = verb('retry', 'start an aborted release again from its first step', 'the cause is gone');

export const rolloutPause = verb('pause', 'hold a rollout where it is until it is promoted', 'stop and look');
