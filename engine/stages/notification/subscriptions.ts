import { parse } from 'yaml';
import { isRecord } from '#core/json.ts';
import type { NotificationConfig } from './config.ts';
import { selectorMatches } from './label-selector.ts';

/** Where a message goes: the name of a service, and whom there (a channel; empty for most webhooks). */
export interface Destination {
  service: string;
  recipient: string;
}

/** Trigger name → destinations. */
export type Destinations = Map<string, Destination[]>;

type Annotations = Readonly<Record<string, string>> | undefined;

const SUBSCRIBE = 'notifications.argoproj.io/subscribe.';
const SUBSCRIPTIONS = 'notifications.argoproj.io/subscriptions';

/**
 * Whom the triggers of an object tell: the ConfigMap's own subscriptions whose selector fits, and the annotations of the
 * object and of what governs it (argo-cd.md §4.2). Without duplicates; triggers and annotations in sorted order.
 */
export function destinationsOf(
  config: NotificationConfig,
  labels: Readonly<Record<string, string>> | undefined,
  annotations: readonly Annotations[],
): Destinations {
  const found: [trigger: string, destination: Destination][] = [
    ...globalDestinations(config, labels),
    ...annotations.flatMap((one) => annotatedDestinations(config, one)),
  ];
  const byTrigger: Destinations = new Map();
  for (const trigger of [...new Set(found.map(([name]) => name))].sort()) {
    const own = found.filter(([name]) => name === trigger).map(([, destination]) => destination);
    byTrigger.set(trigger, dedupe(own));
  }
  return byTrigger;
}

function globalDestinations(
  config: NotificationConfig,
  labels: Readonly<Record<string, string>> | undefined,
): [string, Destination][] {
  return config.subscriptions
    .filter(({ selector }) => selectorMatches(selector, labels))
    .flatMap(({ triggers, recipients }) =>
      (triggers.length === 0 ? config.defaultTriggers : triggers).flatMap((trigger) =>
        recipients.map((text): [string, Destination] => {
          const [service = '', recipient = ''] = text.split(':');
          return [trigger, { service, recipient }];
        }),
      ),
    );
}

/** Destinations of one object's annotations; an annotation that cannot be read subscribes nobody. */
export function annotatedDestinations(config: NotificationConfig, annotations: Annotations): [string, Destination][] {
  return Object.keys(annotations ?? {})
    .sort()
    .flatMap((key) => subscriptionsOf(key, annotations?.[key] ?? ''))
    .flatMap(({ trigger, service, recipients }) => {
      const fallback = config.serviceDefaultTriggers.get(service) ?? config.defaultTriggers;
      const triggers = trigger === '' ? fallback : [trigger];
      return recipients.flatMap((recipient) =>
        triggers.map((name): [string, Destination] => [name, { service, recipient }]),
      );
    });
}

interface Subscription {
  /** Empty: the default triggers. */
  trigger: string;
  service: string;
  recipients: readonly string[];
}

function subscriptionsOf(key: string, value: string): Subscription[] {
  if (key.startsWith(SUBSCRIBE)) {
    const [first = '', second] = key.slice(SUBSCRIBE.length).split('.');
    const [trigger, service] = second === undefined ? ['', first] : [first, second];
    return [{ trigger, service, recipients: value === '' ? [''] : parseRecipients(value) }];
  }
  return key.startsWith(SUBSCRIPTIONS) ? parseSubscriptionList(value) : [];
}

function parseRecipients(value: string): string[] {
  return value
    .split(';')
    .map((recipient) => recipient.trim())
    .filter((recipient) => recipient !== '');
}

function parseSubscriptionList(text: string): Subscription[] {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return [];
  }
  const texts = (list: unknown) => (Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []);
  return (Array.isArray(value) ? value : []).filter(isRecord).flatMap((item) => {
    const named = texts(item.trigger);
    const destinations = Array.isArray(item.destinations) ? item.destinations.filter(isRecord) : [];
    return (named.length === 0 ? [''] : named).flatMap((trigger) =>
      destinations.map((destination) => ({
        trigger,
        service: typeof destination.service === 'string' ? destination.service : '',
        recipients: texts(destination.recipients),
      })),
    );
  });
}

function dedupe(destinations: readonly Destination[]): Destination[] {
  const seen = new Map(destinations.map((item) => [JSON.stringify([item.service, item.recipient]), item]));
  return [...seen.values()];
}
