import { fnv1a32 } from '#core/json.ts';
import type { Manifest } from '#kube/object.ts';
import type { Message, SecretPlace } from '#machine/notifications.ts';
import type { NotificationConfig } from './config.ts';
import type { SettingsNames } from './settings.ts';
import type { Destination } from './subscriptions.ts';
import { formatMessage, TemplateFailure } from './templates.ts';
import { NOTIFICATION_API_VERSION, type NotificationSpec } from './types.ts';
import type { Variables } from './variables.ts';

/** What one message is made of. */
export interface MessageParts {
  config: NotificationConfig;
  secretKeys: readonly string[];
  templates: readonly string[];
  variables: Variables;
  destination: Destination;
}

/** The formatted part of a record: a message, or why there is none. */
export function messageOf(parts: MessageParts): Pick<NotificationSpec, 'message' | 'secretPlaces' | 'failure'> {
  try {
    const { config, templates, variables, destination, secretKeys } = parts;
    const formatted: { message: Message; secretPlaces: readonly SecretPlace[] } = formatMessage(
      config,
      templates,
      variables,
      destination,
      secretKeys,
    );
    const { message, secretPlaces } = formatted;
    return { message, ...(secretPlaces.length === 0 ? {} : { secretPlaces }) };
  } catch (error) {
    if (!(error instanceof TemplateFailure)) throw error;
    return { message: {}, failure: error.message };
  }
}

interface About {
  apiVersion: string;
  kind: string;
  metadata: { namespace?: string; name: string; uid: string };
}

/**
 * The record of a new message about an object. Its name follows from the object, the key and the time, so that a plan
 * that is made twice makes one record.
 */
export function notificationRecord(
  about: About,
  settings: SettingsNames,
  identity: { key: string; trigger: string; destination: Destination; templates: readonly string[]; salt: string },
  message: ReturnType<typeof messageOf>,
): Manifest {
  const { key, trigger, destination, templates, salt } = identity;
  const { namespace, name, uid } = about.metadata;
  const hash = fnv1a32(`${uid}\n${key}\n${salt}`).toString(16).padStart(8, '0');
  const { apiVersion, kind } = about;
  const spec: NotificationSpec = {
    about: { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), name, uid },
    key,
    trigger,
    ...destination,
    templates,
    configMap: settings.configMap,
    secret: settings.secret,
    attempt: 1,
    ...message,
  };
  return {
    apiVersion: NOTIFICATION_API_VERSION,
    kind: 'Notification',
    metadata: { namespace: settings.namespace, name: `${name.slice(0, NAME_CHARS_MAX)}-${hash}` },
    spec,
  };
}

/** Leaves room for the hash within the 253 characters of a name. */
const NAME_CHARS_MAX = 240;
