import { Draft, NOTHING, type Plan } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { refOf } from '#kube/kinds.ts';
import { messageOf, notificationRecord } from './delivery-requests.ts';
import { NOTIFICATION_FAILED } from './reasons.ts';
import type { RolloutNotificationObservation } from './rollout-controller.ts';
import { ROLLOUT_SETTINGS, type Settings } from './settings.ts';
import { type Destination, destinationsOf } from './subscriptions.ts';
import { conditionKey, runTrigger, UnknownTriggerError } from './triggers.ts';
import { rolloutVariables } from './variables.ts';

/** On an Event: how many of its occurrences have been looked at. */
export const HANDLED_ANNOTATION = 'notifications.pern-gitops.dev/handled';

/** Occurrences of one event that are told at most at once: after a long stop nobody wants hundreds of messages. */
const CATCH_UP_MAX = 10;

/** `RolloutCompleted` → `on-rollout-completed` (argo-rollouts.md §5). */
export function triggerOfReason(reason: string): string {
  const words = reason.replace(/(.)([A-Z][a-z]+)/g, '$1-$2').replace(/([a-z0-9])([A-Z])/g, '$1-$2');
  return `on-${words.toLowerCase()}`;
}

/** Records a message for each new occurrence of the event that somebody is subscribed to. */
export function planRolloutNotifications(observation: RolloutNotificationObservation, nowMs: number): Plan {
  const { event, rollout, settings } = observation;
  if (settings.state !== 'ready' || event.reason === NOTIFICATION_FAILED) return NOTHING;
  const count = event.count ?? 1;
  const known = event.metadata.annotations?.[HANDLED_ANNOTATION];
  const handled = known === undefined ? handledBefore(event, settings) : Number(known);
  if (known !== undefined && handled >= count) return NOTHING;
  const trigger = triggerOfReason(event.reason ?? '');
  const destinations =
    destinationsOf(settings.config, rollout.metadata.labels, [rollout.metadata.annotations]).get(trigger) ?? [];
  const draft = new Draft();
  for (let occurrence = Math.max(handled, count - CATCH_UP_MAX) + 1; occurrence <= count; occurrence++) {
    for (const destination of destinations) {
      planOccurrence(draft, { observation, settings, trigger, destination, occurrence }, nowMs);
    }
  }
  const annotations = { [HANDLED_ANNOTATION]: String(count) };
  return draft.add({ effect: 'patch', target: refOf(event as never), patch: { metadata: { annotations } } }).finish();
}

/** What happened before there was anybody to tell is not told. */
function handledBefore(event: RolloutNotificationObservation['event'], settings: Ready): number {
  const { count = 1, firstTimestamp, lastTimestamp } = event;
  const sinceMs = parseTime(settings.createdAt) ?? 0;
  const [firstMs, lastMs] = [parseTime(firstTimestamp ?? lastTimestamp) ?? 0, parseTime(lastTimestamp) ?? 0];
  if (lastMs < sinceMs) return count;
  // When the ones between happened is not known.
  return firstMs < sinceMs ? count - 1 : 0;
}

type Ready = Extract<Settings, { state: 'ready' }>;

interface Occurrence {
  observation: RolloutNotificationObservation;
  settings: Ready;
  trigger: string;
  destination: Destination;
  occurrence: number;
}

function planOccurrence(draft: Draft, parts: Occurrence, nowMs: number): void {
  const { observation, settings, trigger, destination, occurrence } = parts;
  const { rollout, event } = observation;
  const { config, secretKeys } = settings;
  const variables = rolloutVariables({ ...observation, context: config.context }, nowMs);
  try {
    for (const { key, triggered, send } of runTrigger(config, trigger, variables.environment)) {
      // A condition without `when` always holds for Argo Rollouts, and never for Argo CD.
      if (!triggered && !key.endsWith(`.${conditionKey(0, '').split('.')[1]}`)) continue;
      const message = messageOf({ config, secretKeys, templates: send, variables, destination });
      const salt = `${event.metadata.uid}/${occurrence}`;
      const identity = {
        key: `${trigger}:${key}:${destination.service}:${destination.recipient}:${salt}`,
        trigger,
        destination,
        templates: send,
        salt,
      };
      draft.add({
        effect: 'create',
        object: notificationRecord(rollout, ROLLOUT_SETTINGS, identity, message),
        ifAbsent: true,
      });
    }
  } catch (error) {
    // Every event is a trigger; one that nobody configured is nobody's mistake.
    if (!(error instanceof UnknownTriggerError)) throw error;
  }
}
