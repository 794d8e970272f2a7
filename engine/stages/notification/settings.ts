import type { Reader } from '#store/store.ts';
import { type NotificationConfig, NotificationConfigError, parseNotificationConfig } from './config.ts';
import { triggerProblem } from './triggers.ts';

/** A ConfigMap and a Secret that say how to notify; both in one namespace. */
export interface SettingsNames {
  namespace: string;
  configMap: string;
  secret: string;
}

/** Argo CD's own names. */
export const APPLICATION_SETTINGS: SettingsNames = {
  namespace: 'argocd',
  configMap: 'argocd-notifications-cm',
  secret: 'argocd-notifications-secret',
};

/** Argo Rollouts' own names. */
export const ROLLOUT_SETTINGS: SettingsNames = {
  namespace: 'argo-rollouts',
  configMap: 'argo-rollouts-notification-configmap',
  secret: 'argo-rollouts-notification-secret',
};

/** How the settings stand: not there, wrong, or read. Of the Secret only the names of its keys are known here. */
export type Settings =
  | { state: 'absent' }
  | { state: 'invalid'; reason: string }
  | { state: 'ready'; config: NotificationConfig; secretKeys: readonly string[]; createdAt: string };

/** Read once for each version of the ConfigMap, whoever many Applications ask: stored objects never change. */
const READ = new WeakMap<object, NotificationConfig | string>();

/** Reads the settings that are stored now. */
export function observeSettings(objects: Reader, names: SettingsNames): Settings {
  const configMap = objects.get('ConfigMap', names.namespace, names.configMap);
  if (configMap === undefined) return { state: 'absent' };
  let read = READ.get(configMap);
  if (read === undefined) {
    read = readConfig((configMap.data ?? {}) as Record<string, string>, names.configMap);
    READ.set(configMap, read);
  }
  if (typeof read === 'string') return { state: 'invalid', reason: read };
  const secretKeys = Object.keys(objects.get('Secret', names.namespace, names.secret)?.data ?? {}).sort();
  return { state: 'ready', config: read, secretKeys, createdAt: configMap.metadata.creationTimestamp };
}

function readConfig(data: Readonly<Record<string, string>>, name: string): NotificationConfig | string {
  try {
    const config = parseNotificationConfig(data);
    const problem = triggerProblem(config);
    return problem === undefined ? config : `ConfigMap ${name}: data["trigger.${problem.trigger}"]${problem.reason}`;
  } catch (error) {
    if (!(error instanceof NotificationConfigError)) throw error;
    return `ConfigMap ${name}: ${error.message}`;
  }
}
