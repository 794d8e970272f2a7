import { type Controller, trigger, type World } from '#control/controller.ts';
import type { KindMap } from '#kube/kinds.ts';
import { objectKey, splitKey } from '#kube/object.ts';
import { planRolloutNotifications } from './rollout-plan.ts';
import { observeSettings, ROLLOUT_SETTINGS, type Settings } from './settings.ts';

export type RolloutEvent = KindMap['Event'];

export interface RolloutNotificationObservation {
  event: RolloutEvent;
  rollout: KindMap['Rollout.argoproj.io'];
  /** Runs of the rollout's current revision, newest first. */
  analysisRuns: readonly KindMap['AnalysisRun.argoproj.io'][];
  settings: Settings;
}

const REVISION = 'rollout.argoproj.io/revision';

/**
 * Argo Rollouts' notifications: every event about a Rollout is a trigger (`RolloutCompleted` → `on-rollout-completed`).
 * Its root is the Event, which remembers how many of its occurrences have been looked at.
 */
export const rolloutNotificationController: Controller<RolloutNotificationObservation> = {
  name: 'rollout-notifications-controller',
  root: 'Event',
  triggers: [trigger('Event', (event) => (event.involvedObject.kind === 'Rollout' ? [objectKey(event)] : []))],
  observe: observeRolloutNotifications,
  plan: planRolloutNotifications,
};

function observeRolloutNotifications(key: string, { objects }: World): RolloutNotificationObservation | undefined {
  const { namespace, name } = splitKey(key);
  const event = objects.get('Event', namespace, name);
  if (event?.involvedObject.kind !== 'Rollout') return undefined;
  const settings = observeSettings(objects, ROLLOUT_SETTINGS);
  if (settings.state === 'absent') return undefined;
  const rollout = objects.get('Rollout.argoproj.io', namespace, event.involvedObject.name ?? '');
  if (rollout === undefined || rollout.metadata.uid !== event.involvedObject.uid) return undefined;
  const hash = rollout.status?.currentPodHash;
  const revision = rollout.metadata.annotations?.[REVISION];
  const analysisRuns = objects
    .ownedBy('AnalysisRun.argoproj.io', rollout.metadata.uid)
    .filter(
      ({ metadata }) =>
        metadata.labels?.['rollouts-pod-template-hash'] === hash && metadata.annotations?.[REVISION] === revision,
    )
    .sort((left, right) => (left.metadata.creationTimestamp < right.metadata.creationTimestamp ? 1 : -1));
  return { event, rollout, analysisRuns, settings };
}
