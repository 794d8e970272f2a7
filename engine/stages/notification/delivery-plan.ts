import { Draft, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { kindIdOf, type ObjectRef } from '#kube/kinds.ts';
import type { Answer, Question } from '#machine/questions.ts';
import type { ServiceConfig } from './config.ts';
import type { DeliveryObservation } from './delivery-controller.ts';
import {
  deliveryFailed,
  KEPT_CONSOLE,
  keptForWantOfSecret,
  keptForWantOfService,
  NOTIFICATION_FAILED,
} from './reasons.ts';
import type { NotificationSpec, NotificationStatus } from './types.ts';

/** Types of services that messages are really sent through. */
export const SENT_SERVICE_TYPES: readonly string[] = ['slack', 'webhook'];

/** Sends a message, keeps it in the inbox, or says why neither is possible. */
export function planDelivery(observation: DeliveryObservation, nowMs: number): Plan {
  const { spec, status } = observation.notification;
  const draft = new Draft(observation.answers);
  const ended = (phase: NotificationStatus['phase'], rest: Partial<NotificationStatus> = {}): Plan => {
    if (phase === 'Failed') {
      const note = { type: 'Warning', reason: NOTIFICATION_FAILED } as const;
      draft.events.push({ ...note, about: aboutRef(spec), message: deliveryFailed(spec, rest.reason ?? '') });
    }
    return finish(draft, { phase, attempt: spec.attempt, finishedAt: formatTime(nowMs), ...rest });
  };
  if (spec.failure !== undefined) return ended('Failed', { reason: spec.failure });
  const way = wayOf(observation);
  if (way.phase !== 'Pending') return ended(way.phase, { reason: way.reason });
  const answer: Answer<Extract<Question, { ask: 'deliver' }>> | undefined = draft.ask({
    ask: 'deliver',
    delivery: {
      id: `${observation.notification.metadata.uid}/${spec.attempt}`,
      secret: { namespace: observation.notification.metadata.namespace ?? '', name: spec.secret },
      service: { type: way.service.type, name: way.service.name, options: way.service.options },
      recipient: spec.recipient,
      message: spec.message,
      secretPlaces: spec.secretPlaces ?? [],
      ...(observation.thread === undefined ? {} : { thread: observation.thread }),
    },
  });
  if (answer === undefined) {
    const pending: NotificationStatus = { phase: 'Pending', attempt: spec.attempt };
    return finish(draft, status?.attempt === spec.attempt ? status : pending);
  }
  if (!answer.ok) return ended('Failed', { reason: answer.failure.message });
  return ended('Sent', answer.value.thread === undefined ? {} : { thread: answer.value.thread });
}

type Way = { phase: 'Pending'; service: ServiceConfig } | { phase: 'Inbox' | 'Failed'; reason: string };

/** How a message can go: through its service, or into the inbox when nothing is configured that could take it. */
function wayOf({ notification: { spec }, settings }: DeliveryObservation): Way {
  if (settings.state === 'invalid') return { phase: 'Failed', reason: settings.reason };
  const service = settings.state === 'ready' ? settings.config.services.get(spec.service) : undefined;
  if (service === undefined) return { phase: 'Inbox', reason: keptForWantOfService(spec.service, spec.configMap) };
  if (service.type === 'console') return { phase: 'Inbox', reason: KEPT_CONSOLE };
  const known = settings.state === 'ready' ? settings.secretKeys : [];
  const missing = service.secretKeys.filter((key) => !known.includes(key));
  if (missing.length > 0) return { phase: 'Inbox', reason: keptForWantOfSecret(spec.service, missing, spec.secret) };
  if (SENT_SERVICE_TYPES.includes(service.type)) return { phase: 'Pending', service };
  const types = SENT_SERVICE_TYPES.join(', ');
  const reason = `services of type '${service.type}' are not reproduced; use ${types}, or a webhook of that service`;
  return { phase: 'Failed', reason };
}

function aboutRef({ about }: NotificationSpec): ObjectRef {
  return { kind: kindIdOf(about), namespace: about.namespace, name: about.name };
}

function finish(draft: Draft, status: NotificationStatus): Plan {
  return draft.finish({ ...status });
}
