import { type Command, NAMESPACE_OPTIONS } from '../../command.ts';
import { ROLLOUT_ARGUMENT } from './get.ts';

export const rolloutUndo: Command = {
  name: 'rollout undo',
  summary: 'make the pod template of an earlier revision the wanted one',
  description: 'In a tree under GitOps, revert the commit instead: self-healing puts the template back.',
  arguments: [ROLLOUT_ARGUMENT],
  options: [
    ...NAMESPACE_OPTIONS,
    { name: 'to-revision', value: 'N', summary: 'revision to go back to (default: the one before)' },
  ],
  examples: [{ command: 'pern rollout undo backend -e development --to-revision 3', does: 'back to revision 3' }],
  run: async (invocation) => (await import('../../actions/rollout-template.ts')).runUndo(invocation),
};

export const rolloutSetImage: Command = {
  name: 'rollout set image',
  summary: 'set the image of a container of a rollout, or of the workload it refers to',
  description: 'CONTAINER may be "*" for every container. Under GitOps, use "pern release": it commits.',
  arguments: [ROLLOUT_ARGUMENT, { name: 'CONTAINER=IMAGE', summary: 'container and its new image', repeat: true }],
  options: NAMESPACE_OPTIONS,
  examples: [
    { command: 'pern rollout set image backend backend=r/backend:1.1.0 -e development', does: 'a new version' },
  ],
  run: async (invocation) => (await import('../../actions/rollout-template.ts')).runSetImage(invocation),
};
