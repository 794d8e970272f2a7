import { type Command, NAMESPACE_OPTIONS } from '../../command.ts';
import { ROLLOUT_ARGUMENT } from './get.ts';

export const rolloutStatus: Command = {
  name: 'rollout status',
  summary: 'wait until a rollout is Healthy (exit 0) or Degraded (exit 1), printing each change',
  description: 'A paused rollout is waited for, because its pause may end by itself; use --timeout in CI.',
  arguments: [ROLLOUT_ARGUMENT],
  options: [
    ...NAMESPACE_OPTIONS,
    { name: 'no-wait', summary: 'print the phase as it is now' },
    { name: 'timeout', short: 't', value: 'DURATION', summary: 'how long to wait (default: for ever)' },
  ],
  examples: [{ command: 'pern rollout status backend -e development --timeout 10m', does: 'a gate for CI' }],
  run: async (invocation) => (await import('../../actions/rollout.ts')).runRolloutStatus(invocation),
};
