import { applyManifest } from '#api/apply.ts';
import { ApiError } from '#api/errors.ts';
import type { Resources } from '#api/resources.ts';
import { unreachable } from '#core/assert.ts';
import { deepEqual } from '#core/json.ts';
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

  constructor(parts: { resources: Resources; targets: EffectTargets; answers: AnswerBook; events: EventRecorder }) {
    this.#resources = parts.resources;
    this.#targets = parts.targets;
    this.#answers = parts.answers;
    this.#events = parts.events;
  }

  /**
   * Effects in order, then the root's status, then events. Throws on the first effect that fails; what came before it
   * stays done, which is safe because plans are level-triggered: the next plan starts from what is there.
   */
  act(author: Author, plan: Plan): void {
    this.#answers.settle(`${author.controller} ${author.key}`, plan.effects.flatMap(questionOf));
    for (const effect of plan.effects) this.#perform(author, effect);
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
