import { canonicalJson, deepFreeze } from '#core/json.ts';
import type { Answer, Question } from '#machine/questions.ts';
import type { Answers } from './plan.ts';

/** Answers questions. `respond` may be called again later when the answer changes; never after the cancel. */
export interface Responder {
  answer(question: Question, respond: (answer: Answer) => void): () => void;
}

interface Entry {
  question: Question;
  askers: Set<string>;
  answer: Answer | undefined;
  cancel: () => void;
}

export function questionId(question: Question): string {
  return canonicalJson(question);
}

/**
 * Who asks what, and what has been answered. Askers that want the same thing share one question; a question nobody asks
 * any more is cancelled and its answer forgotten.
 */
export class AnswerBook {
  readonly #entries = new Map<string, Entry>();
  readonly #byAsker = new Map<string, Set<string>>();
  readonly #responder: Responder;
  readonly #onAnswer: (asker: string) => void;

  /** `onAnswer` is called for each asker when an answer comes or changes. */
  constructor(responder: Responder, onAnswer: (asker: string) => void) {
    this.#responder = responder;
    this.#onAnswer = onAnswer;
  }

  /** The answers as one asker may see them now. */
  view(asker: string): Answers {
    return {
      of: <Q extends Question>(question: Q) => {
        const entry = this.#entries.get(questionId(question));
        return entry?.askers.has(asker) ? (entry.answer as Answer<Q> | undefined) : undefined;
      },
    };
  }

  /** Makes `questions` the whole of what `asker` asks: new ones are started, those left out are given up. */
  settle(asker: string, questions: readonly Question[]): void {
    const before = this.#byAsker.get(asker);
    if (before === undefined && questions.length === 0) return;
    const wanted = new Set<string>();
    for (const question of questions) {
      const id = questionId(question);
      wanted.add(id);
      this.#join(asker, id, question);
    }
    for (const id of before ?? []) if (!wanted.has(id)) this.#leave(asker, id);
    if (wanted.size === 0) this.#byAsker.delete(asker);
    else this.#byAsker.set(asker, wanted);
  }

  #join(asker: string, id: string, question: Question): void {
    const known = this.#entries.get(id);
    if (known !== undefined) {
      if (!known.askers.has(asker)) {
        known.askers.add(asker);
        if (known.answer !== undefined) this.#onAnswer(asker);
      }
      return;
    }
    const entry: Entry = { question, askers: new Set([asker]), answer: undefined, cancel: () => {} };
    this.#entries.set(id, entry);
    let cancel: () => void;
    try {
      cancel = this.#responder.answer(question, (answer) => this.#receive(id, entry, answer));
    } catch (error) {
      // Not asked after all: the plan's next try must ask, not wait for an answer that nobody prepares.
      this.#entries.delete(id);
      throw error;
    }
    entry.cancel = cancel;
    if (this.#entries.get(id) !== entry) cancel();
  }

  #leave(asker: string, id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.askers.delete(asker);
    if (entry.askers.size > 0) return;
    this.#entries.delete(id);
    entry.cancel();
  }

  #receive(id: string, entry: Entry, answer: Answer): void {
    if (this.#entries.get(id) !== entry) return;
    if (entry.answer !== undefined && canonicalJson(entry.answer) === canonicalJson(answer)) return;
    entry.answer = deepFreeze(answer);
    for (const asker of [...entry.askers]) this.#onAnswer(asker);
  }

  /** Gives up every question; for the end of a host. */
  close(): void {
    for (const entry of this.#entries.values()) entry.cancel();
    this.#entries.clear();
    this.#byAsker.clear();
  }
}
