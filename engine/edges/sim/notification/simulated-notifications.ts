import type { Scheduler } from '#core/clock.ts';
import type { NotificationPort } from '#edges/ports.ts';
import type { DeliveryRequest } from '#machine/notifications.ts';

/** One message that left the modelled machine, or tried to. */
export interface SimulatedDelivery {
  /** Milliseconds since the epoch, virtual. */
  atMs: number;
  delivery: DeliveryRequest;
  /** Why the service refused it. */
  failure?: string;
}

/** What a service takes to answer. */
const ANSWER_MS = 50;

/** Services that take every message, unless told to fail. */
export class SimulatedNotifications implements NotificationPort {
  /** All attempts so far, in order. */
  readonly deliveries: SimulatedDelivery[] = [];
  readonly #scheduler: Scheduler;
  readonly #outages = new Map<string, string>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Makes a service (by name) fail with this reason; undefined ends it. */
  setOutage(service: string, reason: string | undefined): void {
    if (reason === undefined) this.#outages.delete(service);
    else this.#outages.set(service, reason);
  }

  answer(...[{ delivery }, , respond]: Parameters<NotificationPort['answer']>): () => void {
    return this.#scheduler.at(this.#scheduler.now() + ANSWER_MS, () => {
      const failure = this.#outages.get(delivery.service.name);
      this.deliveries.push({ atMs: this.#scheduler.now(), delivery, ...(failure === undefined ? {} : { failure }) });
      if (failure !== undefined) respond({ ok: false, failure: { code: 'DeliveryFailed', message: failure } });
      else respond({ ok: true, value: { attempts: 1, ...threadOf(delivery, this.deliveries.length) } });
    });
  }
}

/** A conversation begins with its first message. */
function threadOf({ message, thread, recipient }: DeliveryRequest, number: number) {
  if ((message.slack?.groupingKey ?? '') === '') return {};
  return { thread: thread ?? { channel: recipient, timestamp: `${number}.000` } };
}
