import { type Controller, onAny } from '#control/controller.ts';
import { Draft } from '#control/plan.ts';

/** Uids of pods that the machine still holds, though their objects are gone. */
export type SandboxCleanupObservation = readonly string[];

/** Removes what is left on the machine of pods that were deleted by force, or while the engine was away. */
export const sandboxCleanupController: Controller<SandboxCleanupObservation> = {
  name: 'sandbox-cleanup',
  root: undefined,
  triggers: [onAny('Pod')],
  observe: (_key, { objects, machine }) =>
    machine
      .sandboxes()
      .map(({ podUid }) => podUid)
      .filter((podUid) => objects.byUid(podUid) === undefined),
  plan: (orphans) =>
    new Draft()
      .add(...orphans.map((podUid) => ({ effect: 'node', node: { op: 'removeSandbox', podUid } }) as const))
      .finish(),
};
