import type { Scheduler } from '#core/clock.ts';
import type { WebPort } from '#edges/ports.ts';
import type { Answer, WebRequest } from '#machine/questions.ts';

/** What a modelled server does with a request. */
export type WebResponse = { status: number; body: string; delayMs?: number } | { error: string; delayMs?: number };

/** How long an exchange takes unless the model says otherwise. */
const EXCHANGE_MS = 20;

/** Answers web metrics from a function, on the virtual clock, with the same time-outs as the real one. */
export class SimulatedWeb implements WebPort {
  readonly #scheduler: Scheduler;
  readonly #serve: (request: WebRequest, nowMs: number) => WebResponse;

  constructor(
    scheduler: Scheduler,
    serve: (request: WebRequest, nowMs: number) => WebResponse = () => ({ error: 'no such host' }),
  ) {
    this.#scheduler = scheduler;
    this.#serve = serve;
  }

  answer: WebPort['answer'] = ({ request }, respond) => {
    const response = this.#serve(request, this.#scheduler.now());
    const delayMs = response.delayMs ?? EXCHANGE_MS;
    const waitMs = Math.min(delayMs, request.timeoutMs);
    return this.#scheduler.at(this.#scheduler.now() + waitMs, () =>
      respond(
        delayMs > request.timeoutMs ? failure(request, 'context deadline exceeded') : answerOf(request, response),
      ),
    );
  };
}

function answerOf(request: WebRequest, response: WebResponse): Answer {
  if ('error' in response) return failure(request, response.error);
  return { ok: true, value: { status: response.status, body: response.body } };
}

function failure({ method, url }: WebRequest, why: string): Answer {
  const verb = `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
  return { ok: false, failure: { code: 'Web', message: `${verb} "${url}": ${why}` } };
}
