import { type Controller, onRoot, trigger, type World } from '#control/controller.ts';
import type { Answers } from '#control/plan.ts';
import { isRecord } from '#core/json.ts';
import { objectKey, splitKey } from '#kube/object.ts';
import { planDelivery } from './delivery-plan.ts';
import { APPLICATION_SETTINGS, observeSettings, ROLLOUT_SETTINGS, type Settings } from './settings.ts';
import { isFinished, NOTIFICATION, type Notification } from './types.ts';

export interface DeliveryObservation {
  notification: Notification;
  settings: Settings;
  /** The conversation that the message belongs to, when an earlier message began it. */
  thread: { channel?: string; timestamp: string } | undefined;
  answers: Answers;
}

const SETTINGS_NAMES = [APPLICATION_SETTINGS, ROLLOUT_SETTINGS];

/** Sends what other controllers recorded, and writes down how that went. What has come to its end is left alone. */
export const notificationDeliveryController: Controller<DeliveryObservation> = {
  name: 'notification-delivery',
  root: NOTIFICATION,
  triggers: [
    onRoot(NOTIFICATION),
    trigger('ConfigMap', ({ metadata }, objects) =>
      SETTINGS_NAMES.some(({ namespace, configMap }) => metadata.namespace === namespace && metadata.name === configMap)
        ? (objects.list(NOTIFICATION, metadata.namespace) as unknown as readonly Notification[])
            .filter((notification) => !isFinished(notification))
            .map(objectKey)
        : [],
    ),
  ],
  observe: observeDelivery,
  plan: planDelivery,
};

function observeDelivery(key: string, { objects, answers }: World): DeliveryObservation | undefined {
  const { namespace = '', name } = splitKey(key);
  const notification = objects.get(NOTIFICATION, namespace, name) as unknown as Notification | undefined;
  if (notification === undefined || isFinished(notification)) return undefined;
  return {
    notification,
    settings: settingsOf(notification, objects),
    thread: threadOf(notification, objects.list(NOTIFICATION, namespace) as unknown as readonly Notification[]),
    answers,
  };
}

/** A record is sent with the settings of Argo's own names, whoever made it: no other Secret leaves the cluster. */
function settingsOf({ metadata, spec }: Notification, objects: World['objects']): Settings {
  const known = SETTINGS_NAMES.find(
    ({ namespace, configMap, secret }) =>
      metadata.namespace === namespace && spec.configMap === configMap && spec.secret === secret,
  );
  if (known !== undefined) return observeSettings(objects, known);
  const { configMap, secret } = spec;
  return {
    state: 'invalid',
    reason: `ConfigMap ${configMap} and Secret ${secret} are not Argo's notification settings`,
  };
}

function threadOf(notification: Notification, all: readonly Notification[]): DeliveryObservation['thread'] {
  const key = groupingKey(notification);
  if (key === '') return undefined;
  const { service, recipient } = notification.spec;
  return all.find(
    (other) =>
      other.status?.thread !== undefined &&
      other.spec.service === service &&
      other.spec.recipient === recipient &&
      groupingKey(other) === key,
  )?.status?.thread;
}

function groupingKey({ spec }: Notification): string {
  const { slack } = spec.message;
  return isRecord(slack) && typeof slack.groupingKey === 'string' ? slack.groupingKey : '';
}
