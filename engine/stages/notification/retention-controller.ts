import { CLUSTER_KEY, type Controller, onAny } from '#control/controller.ts';
import { Draft } from '#control/plan.ts';
import { isFinished, NOTIFICATION, type Notification } from './types.ts';

/** Finished messages that are kept: about one object, and in all. */
const PER_OBJECT_MAX = 30;
const TOTAL_MAX = 500;

/** Deletes the records of old messages, so that months of notifications do not fill the store. */
export const notificationRetentionController: Controller<readonly Notification[]> = {
  name: 'notification-retention',
  root: undefined,
  triggers: [onAny(NOTIFICATION)],
  observe: (key, { objects }) =>
    key === CLUSTER_KEY ? (objects.list(NOTIFICATION) as unknown as readonly Notification[]) : undefined,
  plan: (records) => {
    const draft = new Draft();
    for (const { metadata } of surplus(records)) {
      draft.add({
        effect: 'delete',
        target: { kind: NOTIFICATION, namespace: metadata.namespace, name: metadata.name },
        when: { uid: metadata.uid },
      });
    }
    return draft.finish();
  },
};

/** Finished records beyond what is kept, oldest first. */
export function surplus(
  records: readonly Notification[],
  limits: { perObject: number; total: number } = { perObject: PER_OBJECT_MAX, total: TOTAL_MAX },
): Notification[] {
  const newestFirst = records
    .filter(isFinished)
    .sort((left, right) => (left.metadata.creationTimestamp < right.metadata.creationTimestamp ? 1 : -1));
  const seen = new Map<string, number>();
  let kept = 0;
  const dropped = newestFirst.filter(({ spec }) => {
    const own = (seen.get(spec.about.uid) ?? 0) + 1;
    seen.set(spec.about.uid, own);
    if (own > limits.perObject || kept >= limits.total) return true;
    kept++;
    return false;
  });
  return dropped.reverse();
}
