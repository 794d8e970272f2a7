import type { Cancel, Scheduler } from '#core/clock.ts';
import { findKind, kindIdOf, type ObjectRef } from '#kube/kinds.ts';
import { type KubeObject, objectKey, splitKey } from '#kube/object.ts';
import type { Store, WatchEvent } from '#store/store.ts';
import type { AnswerBook } from './answer-book.ts';
import { CLUSTER_KEY, type Controller, type MachineView, type Trigger } from './controller.ts';
import type { Interpreter } from './interpreter.ts';
import type { Plan } from './plan.ts';

/** One step of the loop, for transcripts, logs and metrics. */
export interface StepRecord {
  nowMs: number;
  controller: string;
  key: string;
  plan?: Plan;
  /** Set when observing, planning or acting threw; the key is planned again after `retryInMs`. */
  error?: unknown;
  retryInMs?: number;
}

export interface ControlLoopParts {
  controllers: readonly Controller<never>[];
  store: Store;
  machine: MachineView;
  answers: AnswerBook;
  interpreter: Interpreter;
  scheduler: Scheduler;
  onStep?: (record: StepRecord) => void;
  /** How long one turn may take before the loop lets others run; infinite in the simulated host. */
  sliceMs?: number;
}

const BACKOFF_FIRST_MS = 10;
const BACKOFF_MAX_MS = 30_000;
/**
 * How often one key may be planned while the clock stands still. A key that many others hold up is planned some dozens
 * of times; a plan that changes the world whenever it is made would be planned for ever, and no clock would go on.
 */
export const STEPS_PER_INSTANT_MAX = 1000;

/** How often a key was planned in its last instant, and what follows from it. */
interface Pace {
  instantMs: number;
  steps: number;
  /** Instants in a row that ended in a hold. */
  holds: number;
  heldUntilMs: number;
}

interface Item {
  controller: Controller<never>;
  key: string;
}

/**
 * Runs controllers: a work queue of (controller, key) that holds each pair at most once, first in first out. Writes,
 * answers, machine changes and due wake-ups put pairs into it; a step observes, plans and acts, all in one turn, so a
 * plan is carried out against exactly the world it was made for.
 */
export class ControlLoop {
  readonly #parts: ControlLoopParts;
  readonly #triggers = new Map<string, { controller: Controller<never>; trigger: Trigger }[]>();
  readonly #byName = new Map<string, Controller<never>>();
  readonly #queue = new Map<string, Item>();
  readonly #wakeUps = new Map<string, { atMs: number; cancel: Cancel }>();
  readonly #failures = new Map<string, number>();
  readonly #paces = new Map<string, Pace>();
  #scheduled = false;
  #stopped = true;
  #unsubscribe: () => void = () => {};

  constructor(parts: ControlLoopParts) {
    this.#parts = parts;
    for (const controller of parts.controllers) {
      this.#byName.set(controller.name, controller);
      for (const trigger of controller.triggers) {
        const list = this.#triggers.get(trigger.kind) ?? [];
        list.push({ controller, trigger });
        this.#triggers.set(trigger.kind, list);
      }
    }
  }

  /** When keys of controllers will be planned again by themselves; `without`: names of controllers that do not count. */
  nextWakeUpMs(without: ReadonlySet<string> = new Set()): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [id, { atMs }] of this.#wakeUps) {
      if (!without.has(id.slice(0, id.indexOf(' ')))) nextMs = Math.min(nextMs, atMs);
    }
    return nextMs;
  }

  /** Begins to listen, and looks once at every object there is: a start is the same as a change of everything. */
  start(): void {
    this.#stopped = false;
    this.#unsubscribe = this.#parts.store.subscribe((event) => this.#onWrite(event));
    for (const controller of this.#parts.controllers) {
      if (controller.root === undefined) this.enqueue(controller.name, CLUSTER_KEY);
    }
    for (const kind of this.#parts.store.kinds()) {
      for (const object of this.#parts.store.list(kind)) {
        this.#onWrite({ type: 'ADDED', object: object as never, resourceVersion: 0 });
      }
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    for (const wakeUp of this.#wakeUps.values()) wakeUp.cancel();
    this.#wakeUps.clear();
    this.#queue.clear();
  }

  get idle(): boolean {
    return this.#queue.size === 0;
  }

  enqueue(controllerName: string, key: string): void {
    const controller = this.#byName.get(controllerName);
    if (controller === undefined || this.#stopped) return;
    this.#queue.set(`${controllerName} ${key}`, { controller, key });
    this.#schedule();
  }

  #onWrite(event: WatchEvent): void {
    for (const { controller, trigger } of this.#triggers.get(kindIdOf(event.object)) ?? []) {
      this.#wake(controller, trigger, event.object);
      if (event.previous !== undefined) this.#wake(controller, trigger, event.previous);
    }
  }

  /** A trigger that cannot read an object is a defect of its controller; the others hear of the object all the same. */
  #wake(controller: Controller<never>, trigger: Trigger, object: KubeObject): void {
    const { store, scheduler, onStep } = this.#parts;
    try {
      for (const key of trigger.keys(object, store)) this.enqueue(controller.name, key);
    } catch (error) {
      onStep?.({ nowMs: scheduler.now(), controller: controller.name, key: objectKey(object), error });
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#parts.scheduler.soon(() => {
      this.#scheduled = false;
      this.#runSlice();
    });
  }

  #runSlice(): void {
    const { scheduler, sliceMs = Number.POSITIVE_INFINITY } = this.#parts;
    const endMs = scheduler.now() + sliceMs;
    for (const [id, item] of this.#queue) {
      if (this.#stopped) return;
      this.#queue.delete(id);
      this.#step(id, item);
      if (scheduler.now() >= endMs) break;
    }
    if (this.#queue.size > 0) this.#schedule();
  }

  #step(id: string, { controller, key }: Item): void {
    const { store, machine, answers, interpreter, scheduler, onStep } = this.#parts;
    const nowMs = scheduler.now();
    const pace = this.#paceOf(id, nowMs);
    // Its wake-up is set: whoever else asks for it meanwhile is answered by that one.
    if (nowMs < pace.heldUntilMs) return;
    pace.steps++;
    const author = { controller: controller.name, key, root: rootRef(controller, key) };
    try {
      const observation = controller.observe(key, { objects: store, machine, answers: answers.view(id) });
      if (observation === undefined) {
        interpreter.forget(author);
        this.#failures.delete(id);
        this.#paces.delete(id);
        this.#wakeAt(id, controller, key, undefined);
        return;
      }
      const plan = controller.plan(observation as never, nowMs);
      interpreter.act(author, plan);
      this.#failures.delete(id);
      this.#wakeAt(id, controller, key, plan.wakeAtMs);
      onStep?.({ nowMs, controller: controller.name, key, plan });
      if (pace.steps >= STEPS_PER_INSTANT_MAX) this.#hold(id, { controller, key }, pace, plan);
    } catch (error) {
      const failures = (this.#failures.get(id) ?? 0) + 1;
      this.#failures.set(id, failures);
      const retryInMs = backoffMs(failures);
      if (pace.steps >= STEPS_PER_INSTANT_MAX) pace.heldUntilMs = nowMs + retryInMs;
      this.#wakeAt(id, controller, key, nowMs + retryInMs);
      onStep?.({ nowMs, controller: controller.name, key, error, retryInMs });
    }
  }

  #paceOf(id: string, nowMs: number): Pace {
    const last = this.#paces.get(id);
    if (last !== undefined && (last.instantMs === nowMs || nowMs < last.heldUntilMs)) return last;
    const holds = last !== undefined && last.steps >= STEPS_PER_INSTANT_MAX ? last.holds : 0;
    const pace = { instantMs: nowMs, steps: 0, holds, heldUntilMs: 0 };
    this.#paces.set(id, pace);
    return pace;
  }

  /** Ends a hot loop for a while: the clock goes on, everybody else is planned, and the defect has a name. */
  #hold(id: string, { controller, key }: Item, pace: Pace, plan: Plan): void {
    const { scheduler, onStep } = this.#parts;
    pace.holds++;
    const retryInMs = backoffMs(pace.holds);
    pace.heldUntilMs = pace.instantMs + retryInMs;
    this.#queue.delete(id);
    this.#wakeAt(id, controller, key, pace.heldUntilMs);
    onStep?.({
      nowMs: scheduler.now(),
      controller: controller.name,
      key,
      error: new HotLoopError(controller, key, plan),
      retryInMs,
    });
  }

  #wakeAt(id: string, controller: Controller<never>, key: string, atMs: number | undefined): void {
    const pending = this.#wakeUps.get(id);
    if (pending !== undefined) {
      if (pending.atMs === atMs) return;
      pending.cancel();
      this.#wakeUps.delete(id);
    }
    if (atMs === undefined || this.#stopped) return;
    const cancel = this.#parts.scheduler.at(atMs, () => {
      this.#wakeUps.delete(id);
      this.enqueue(controller.name, key);
    });
    this.#wakeUps.set(id, { atMs, cancel });
  }
}

function backoffMs(times: number): number {
  return Math.min(BACKOFF_FIRST_MS * 2 ** (times - 1), BACKOFF_MAX_MS);
}

/** A plan that leads to the same key being planned again at once, over and over. */
export class HotLoopError extends Error {
  override name = 'HotLoopError';

  constructor({ name }: Controller<never>, key: string, { effects }: Plan) {
    const last = effects.length === 0 ? 'no effects, a status' : effects.map(({ effect }) => effect).join(', ');
    super(
      `${name} planned ${key} ${STEPS_PER_INSTANT_MAX} times at one instant and would go on for ever (its last plan: ${last}): ` +
        'two controllers undo one another, or a plan of a world at rest still changes something; it is held back for a while',
    );
  }
}

function rootRef(controller: Controller<never>, key: string): ObjectRef | undefined {
  if (controller.root === undefined) return undefined;
  const { namespace, name } = splitKey(key);
  return { kind: controller.root, namespace: findKind(controller.root)?.namespaced ? namespace : undefined, name };
}
