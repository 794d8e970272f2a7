import type { Admission } from '#api/admission.ts';
import { ApiError } from '#api/errors.ts';
import { Resources } from '#api/resources.ts';
import { AnswerBook } from '#control/answer-book.ts';
import { ControlLoop, type StepRecord } from '#control/control-loop.ts';
import type { Controller } from '#control/controller.ts';
import { EventRecorder } from '#control/event-recorder.ts';
import { Interpreter } from '#control/interpreter.ts';
import type { Scheduler } from '#core/clock.ts';
import type { Entropy } from '#core/entropy.ts';
import type { Ids } from '#core/ids.ts';
import type { Machine } from '#edges/ports.ts';
import type { Manifest } from '#kube/object.ts';
import type { SecretValues } from '#machine/notifications.ts';
import type { Answer, Question } from '#machine/questions.ts';
import type { Journal } from '#store/journal.ts';
import { Store } from '#store/store.ts';
import { generatePassword } from '../workloads/external-secret/password.ts';

export interface EngineParts {
  scheduler: Scheduler;
  ids: Ids;
  entropy: Entropy;
  journal: Journal;
  admission: Admission;
  machine: Machine;
  controllers: readonly Controller<never>[];
  onStep?: (record: StepRecord) => void;
  sliceMs?: number;
}

/**
 * The engine: one store, one set of controllers, one machine. Both hosts build it from these parts; nothing in it knows
 * which host that is.
 */
export class Engine {
  readonly store: Store;
  readonly resources: Resources;
  readonly loop: ControlLoop;
  readonly #answers: AnswerBook;

  constructor(parts: EngineParts) {
    const { scheduler, machine } = parts;
    this.store = new Store(parts.journal);
    this.resources = new Resources({ store: this.store, clock: scheduler, ids: parts.ids, admission: parts.admission });
    this.#answers = new AnswerBook(
      { answer: (question, respond) => answerFrom({ ...parts, resources: this.resources }, question, respond) },
      (asker) => {
        const space = asker.indexOf(' ');
        this.loop.enqueue(asker.slice(0, space), asker.slice(space + 1));
      },
    );
    const interpreter = new Interpreter({
      resources: this.resources,
      targets: machine,
      answers: this.#answers,
      events: new EventRecorder(this.resources, scheduler),
      clock: scheduler,
    });
    this.loop = new ControlLoop({
      controllers: parts.controllers,
      store: this.store,
      machine: { sandbox: (uid) => machine.node.sandbox(uid), sandboxes: () => machine.node.sandboxes() },
      answers: this.#answers,
      interpreter,
      scheduler,
      onStep: parts.onStep,
      sliceMs: parts.sliceMs,
    });
    machine.node.onChange((podUid) => this.#onSandboxChange(podUid));
  }

  #isPlanning = false;

  /** Between start and stop. */
  get isPlanning(): boolean {
    return this.#isPlanning;
  }

  start(): void {
    this.#isPlanning = true;
    this.loop.start();
  }

  /** Ends planning. What runs on the machine goes on; ending that is the host's decision. */
  stop(): void {
    this.#isPlanning = false;
    this.loop.stop();
    this.#answers.close();
  }

  #onSandboxChange(podUid: string): void {
    const pod = this.store.byUid(podUid);
    if (pod !== undefined) this.loop.enqueue('kubelet', `${pod.metadata.namespace}/${pod.metadata.name}`);
    else this.loop.enqueue('sandbox-cleanup', 'cluster');
  }
}

/** Who knows the answer: the machine's ports, for a password the dice, for admission the API itself. */
function answerFrom(
  { machine, entropy, scheduler, resources }: EngineParts & { resources: Resources },
  question: Question,
  respond: (answer: Answer) => void,
): () => void {
  switch (question.ask) {
    case 'image':
      return machine.node.answer(question, respond);
    case 'query':
      return machine.metrics.answer(question, respond);
    case 'web': {
      const message = 'this machine sends no web requests';
      return (
        machine.web?.answer(question, respond) ??
        scheduler.at(scheduler.now(), () => respond({ ok: false, failure: { code: 'NoWeb', message } }))
      );
    }
    case 'admission':
      return scheduler.at(scheduler.now(), () => respond(admitted(resources, question.manifest)));
    case 'deliver': {
      const message = 'this machine sends no messages';
      return (
        machine.notifications?.answer(question, secretValues(resources, question.delivery.secret), respond) ??
        scheduler.at(scheduler.now(), () => respond({ ok: false, failure: { code: 'NoNotifications', message } }))
      );
    }
    case 'password':
      return scheduler.at(scheduler.now(), () =>
        respond({ ok: true, value: { password: generatePassword(entropy, question.request) } }),
      );
    default:
      return machine.source.answer(question, respond);
  }
}

function admitted(resources: Resources, manifest: Manifest): Answer {
  try {
    resources.create(manifest, { dryRun: true });
    return { ok: true, value: {} };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { ok: false, failure: { code: error.reason, message: error.message } };
  }
}

/** The values of a Secret as text; empty when there is no such Secret. */
function secretValues(resources: Resources, { namespace, name }: { namespace: string; name: string }): SecretValues {
  const data = resources.store.get('Secret', namespace, name)?.data ?? {};
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]),
  );
}
