import type { ObjectMeta } from '#kube/object.ts';
import type { Message, SecretPlace } from '#machine/notifications.ts';

export const NOTIFICATION = 'Notification.pern-gitops.dev';
export const NOTIFICATION_API_VERSION = 'pern-gitops.dev/v1alpha1';

/** `Pending`: to be sent. `Inbox`: kept here because no service is configured to take it. */
export type NotificationPhase = 'Pending' | 'Sent' | 'Inbox' | 'Failed';

export interface NotificationSpec {
  about: { apiVersion: string; kind: string; namespace?: string; name: string; uid: string };
  /** Identity of what is told, to whom: the key of the state annotation; for Rollouts also the event and its count. */
  key: string;
  trigger: string;
  service: string;
  recipient: string;
  templates: readonly string[];
  /** Names, in the namespace of this object, of the ConfigMap and Secret that it is sent with. */
  configMap: string;
  secret: string;
  /** Counts from 1; raising it sends anew. */
  attempt: number;
  message: Message;
  secretPlaces?: readonly SecretPlace[];
  /** Why there is no message to send. */
  failure?: string;
}

export interface NotificationStatus {
  phase: NotificationPhase;
  /** The attempt that the phase is about. */
  attempt: number;
  /** Why it is in the inbox or failed; without values of secrets. */
  reason?: string;
  /** When the attempt came to its end. */
  finishedAt?: string;
  /** What a later message of the same conversation needs. */
  thread?: { channel?: string; timestamp: string };
}

/** The record of one message: what was told to whom and how that went. It outlives the object it is about. */
export interface Notification {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: NotificationSpec;
  status?: NotificationStatus;
}

/** The last attempt has come to its end. */
export function isFinished({ spec, status }: Notification): boolean {
  return status !== undefined && status.phase !== 'Pending' && status.attempt === spec.attempt;
}
