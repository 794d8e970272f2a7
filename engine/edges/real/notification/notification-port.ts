import type { Scheduler } from '#core/clock.ts';
import type { NotificationPort } from '#edges/ports.ts';
import type { DeliveryReceipt, DeliveryRequest, SecretValues } from '#machine/notifications.ts';
import { Exchange, RefusedRequest } from './exchange.ts';
import { fillPlaces, redacted, withSecrets } from './secrets.ts';
import { sendSlack } from './slack.ts';
import { sendWebhook } from './webhook.ts';

export interface RealNotifications extends NotificationPort {
  close(): Promise<void>;
}

/** Sends messages over HTTP, only to the URLs that services are configured with. */
export function openNotifications(scheduler: Scheduler): RealNotifications {
  const exchange = new Exchange(scheduler);
  return {
    answer({ delivery }, secrets, respond) {
      const cancel = new AbortController();
      const { signal } = cancel;
      deliver(exchange, delivery, secrets, signal).then(
        (value) => {
          if (!signal.aborted) respond({ ok: true, value });
        },
        (error: unknown) => {
          if (signal.aborted) return;
          const message = redacted(explain(error), secrets);
          respond({ ok: false, failure: { code: 'DeliveryFailed', message } });
        },
      );
      return () => cancel.abort();
    },
    close: () => exchange.close(),
  };
}

async function deliver(
  exchange: Exchange,
  delivery: DeliveryRequest,
  secrets: SecretValues,
  cancelled: AbortSignal,
): Promise<DeliveryReceipt> {
  const { name, type, options } = delivery.service;
  const service = { name, type, options: withSecrets(options, secrets) };
  const message = fillPlaces(delivery.message, delivery.secretPlaces, secrets);
  switch (type) {
    case 'slack':
      return sendSlack(exchange, { ...delivery, service }, message, cancelled);
    case 'webhook':
      return sendWebhook(exchange, service, message, cancelled);
    default:
      throw new RefusedRequest(`services of type '${type}' are not reproduced`);
  }
}

/** The innermost cause says most: `connect ECONNREFUSED 127.0.0.1:9`. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error && cause.message !== '') return `${error.message}: ${cause.message}`;
  const { code } = error as NodeJS.ErrnoException;
  return error.message === '' ? (code ?? error.name) : error.message;
}
