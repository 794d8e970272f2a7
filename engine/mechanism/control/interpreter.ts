import { applyManifest } from '#api/apply.ts';
import { ApiError } from '#api/errors.ts';
import type { Resources } from '#api/resources.ts';
import { unreachable } from '#core/assert.ts';
import { type Clock, formatTime } from '#core/clock.ts';
import { deepEqual, isRecord } from '#core/json.ts';
import { type Condition, findCondition } from '#kube/conditions.ts';
import type { ObjectRef } from '#kube/kinds.ts';
import { findKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Question } from '#machine/questions.ts';
import type { AnswerBook } from './answer-book.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Effect, Plan } from './plan.ts';

/** Where effects that are not writes go: the machine's ports, seen from the interpreter. */
export interface EffectTargets {
  node: { apply(effect: Extract<Effect, { effect: 'node' }>['node']): void };
  traffic: {
    setTraffic(table: Extract<Effect, { effect: 'setTraffic' }>['table']): void;
    setServices(table: Extract<Effect, { effect: 'setServices' }>['table']): void;
    setNames(table: Extract<Effect, { effect: 'setNames' }>['table']): void;
  };
  metrics: { setScrapes(table: Extract<Effect, { effect: 'setScrapes' }>['table']): void };
}

/** Who the plan was made by and for. */
export interface Author {
  controller: string;
  key: string;
  root: ObjectRef | undefined;
}

/** Carries out plans: the only code in the engine that acts on what a controller decided. */
export class Interpreter {
  readonly #resources: Resources;
  readonly #targets: EffectTargets;
  readonly #answers: AnswerBook;
  readonly #events: EventRecorder;
  readonly #clock: Clock;

  constructor(parts: {
    resources: Resources;
    targets: EffectTargets;
    answers: AnswerBook;
    events: EventRecorder;
    clock: Clock;
  }) {
    this.#resources = parts.resources;
    this.#targets = parts.targets;
    this.#answers = parts.answers;
    this.#events = parts.events;
    this.#clock = parts.clock;
  }

  /**
   * Effects in order, then the root's status, then events. Throws on the first effect that fails; what came before it
   * stays done, which is safe because plans are level-triggered: the next plan starts from what is there.
   */
  act(author: Author, plan: Plan): void {
    this.#answers.settle(`${author.controller} ${author.key}`, plan.effects.flatMap(questionOf));
    for (const effect of plan.effects) {
      try {
        this.#perform(author, effect);
      } catch (error) {
        this.#tellRefusal(author, plan, effect, error);
        throw error;
      }
    }
    const root = author.root === undefined ? undefined : this.#find(author.root);
    if (plan.status !== undefined && author.root !== undefined && root !== undefined) {
      this.#writeStatus(author, author.root, root, plan.status);
    }
    for (const note of plan.events) {
      const about = note.about === undefined ? root : this.#find(note.about);
      if (about !== undefined) this.#events.record(author.controller, about, note);
    }
  }

  /** The asker no longer exists: its questions are given up. */
  forget(author: Pick<Author, 'controller' | 'key'>): void {
    this.#answers.settle(`${author.controller} ${author.key}`, []);
  }

  #find(ref: ObjectRef): KubeObject | undefined {
    return this.#resources.store.get(ref.kind, ref.namespace, ref.name) as KubeObject | undefined;
  }

  /** Writes what a refused create means onto the root, with the status the plan had for it. */
  #tellRefusal(author: Author, plan: Plan, effect: Effect, error: unknown): void {
    if (effect.effect !== 'create' || effect.whenRefused === undefined || !isRefusal(error)) return;
    const root = author.root === undefined ? undefined : this.#find(author.root);
    if (author.root === undefined || root === undefined) return;
    const { reason, prefix, condition: type } = effect.whenRefused;
    if (type !== undefined) {
      const before = (mapOf(root.status).conditions ?? []) as readonly Condition[];
      const known = findCondition(before, type);
      // The first message stays: it names a pod that was to be, and each try would have another name.
      const condition: Condition =
        known?.reason === reason
          ? known
          : { type, status: 'True', reason, message: error.message, lastTransitionTime: formatTime(this.#clock.now()) };
      const status = plan.status ?? mapOf(root.status);
      const others = ((status.conditions ?? []) as readonly Condition[]).filter((other) => other.type !== type);
      this.#writeStatus(author, author.root, root, { ...status, conditions: [...others, condition] });
    }
    this.#events.record(author.controller, root, { type: 'Warning', reason, message: `${prefix}${error.message}` });
  }

  #perform(author: Author, effect: Effect): void {
    const options = { fieldManager: author.controller };
    switch (effect.effect) {
      case 'create':
        ignoring(effect.ifAbsent === true ? 'AlreadyExists' : undefined, () =>
          this.#resources.create(effect.object, options),
        );
        return;
      case 'patch': {
        const when = effect.when === undefined ? effect.patch : withPrecondition(effect.patch, effect.when);
        this.#resources.patch(
          effect.target,
          { type: 'merge', patch: when },
          { ...options, subresource: effect.subresource },
        );
        return;
      }
      case 'apply':
        applyManifest(this.#resources, effect.object, {
          manager: effect.manager,
          strategy: effect.strategy ?? 'client',
        });
        return;
      case 'delete': {
        const { propagation, gracePeriodSeconds, when } = effect;
        ignoring('NotFound', () =>
          this.#resources.delete(effect.target, { propagation, gracePeriodSeconds, preconditions: when }),
        );
        return;
      }
      case 'ask':
        return;
      case 'node':
        this.#targets.node.apply(effect.node);
        return;
      case 'setTraffic':
        this.#targets.traffic.setTraffic(effect.table);
        return;
      case 'setServices':
        this.#targets.traffic.setServices(effect.table);
        return;
      case 'setNames':
        this.#targets.traffic.setNames(effect.table);
        return;
      case 'setScrapes':
        this.#targets.metrics.setScrapes(effect.table);
        return;
      default:
        unreachable(effect);
    }
  }

  #writeStatus(author: Author, ref: ObjectRef, root: KubeObject, status: Record<string, unknown>): void {
    if (deepEqual(root.status, status)) return;
    const subresource = findKind(ref.kind)?.status === 'subresource' ? 'status' : undefined;
    this.#resources.replace({ ...root, status }, { fieldManager: author.controller, subresource });
  }
}

/** The API understood the object and will not have it. */
function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.reason === 'Forbidden' || error.reason === 'Invalid');
}

function mapOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function questionOf(effect: Effect): Question[] {
  return effect.effect === 'ask' ? [effect.question] : [];
}

function withPrecondition(patch: Record<string, unknown>, when: { uid?: string; resourceVersion?: string }) {
  return { ...patch, metadata: { ...(patch.metadata as object | undefined), ...when } };
}

function ignoring(reason: ApiError['reason'] | undefined, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== reason) throw error;
  }
}
