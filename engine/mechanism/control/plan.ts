import type { ObjectRef } from '#kube/kinds.ts';
import type { Manifest } from '#kube/object.ts';
import type { ScrapeTable } from '#machine/metrics.ts';
import type { NodeEffect } from '#machine/pods.ts';
import type { Answer, Question } from '#machine/questions.ts';
import type { NameTable, ServiceTable, TrafficTable } from '#machine/traffic.ts';

/** What must be true of the target for an effect to be carried out; otherwise it fails and the key is planned again. */
export interface Precondition {
  uid?: string;
  resourceVersion?: string;
}

export type Propagation = 'Foreground' | 'Background' | 'Orphan';

/** What a refusal of a create by the API's policies means: a Warning event of the root and, when named, a condition. */
export interface Refusal {
  reason: string;
  /** Before the API's message in the event, as upstream words it. */
  prefix: string;
  /** The type of a condition of the root with status True; the next plan whose creates are taken leaves it out. */
  condition?: string;
}

/** Everything a controller can want done. A new kind of effect is a reviewed change: one interpreter carries them out. */
export type Effect =
  /**
   * Fails when the object exists, unless `ifAbsent`: then an existing object is left as it is. A create that the API
   * refuses (quota, Pod Security, limits, validation) ends the plan like any effect that fails; with `whenRefused` the
   * root says why.
   */
  | { effect: 'create'; object: Manifest; ifAbsent?: boolean; whenRefused?: Refusal }
  /** A JSON merge patch (RFC 7386). A target that is gone is an error, and the key is planned again. */
  | { effect: 'patch'; target: ObjectRef; patch: Record<string, unknown>; subresource?: 'status'; when?: Precondition }
  /**
   * As `kubectl apply`: creates the object, or patches it three ways (last applied, desired, live) and records what was
   * applied under `manager`. `replace` puts the object in place of the live one.
   */
  | { effect: 'apply'; object: Manifest; manager: string; strategy?: 'client' | 'server' | 'replace' }
  /** A target that is gone already is no error. */
  | { effect: 'delete'; target: ObjectRef; propagation?: Propagation; gracePeriodSeconds?: number; when?: Precondition }
  | { effect: 'ask'; question: Question }
  | { effect: 'node'; node: NodeEffect }
  | { effect: 'setTraffic'; table: TrafficTable }
  | { effect: 'setServices'; table: ServiceTable }
  | { effect: 'setNames'; table: NameTable }
  | { effect: 'setScrapes'; table: ScrapeTable };

/** Becomes a core/v1 Event about the root object, or about `about`. Equal events are counted, not repeated. */
export interface EventNote {
  /** Another object, for controllers whose root is the whole cluster. */
  about?: ObjectRef;
  /** A lasting fact: an event that is there already is left as it is, however often the plan is made. */
  once?: boolean;
  type: 'Normal' | 'Warning';
  /** CamelCase, from the stage's reasons. */
  reason: string;
  message: string;
}

/**
 * What a controller wants for one root object, given what it saw. Carried out in this order: effects, status, events.
 * Retry is not part of a plan: an effect that fails is logged and the key is planned again after a back-off.
 */
export interface Plan {
  /** The whole new status of the root object; undefined leaves it. Written only when it differs. */
  status?: Record<string, unknown>;
  effects: readonly Effect[];
  events: readonly EventNote[];
  /** Plan again at this time (ms since the epoch) even if nothing changes. */
  wakeAtMs?: number;
}

export const NOTHING: Plan = Object.freeze({ effects: [], events: [] });

/** A plan in the making: planners append to it and return `finish()`. Local to one call, so planners stay pure. */
export class Draft {
  readonly effects: Effect[] = [];
  readonly events: EventNote[] = [];
  #wakeAtMs: number | undefined;
  #answers: Answers;

  constructor(answers: Answers = NO_ANSWERS) {
    this.#answers = answers;
  }

  add(...effects: Effect[]): this {
    this.effects.push(...effects);
    return this;
  }

  note(type: EventNote['type'], reason: string, message: string): this {
    this.events.push({ type, reason, message });
    return this;
  }

  /** Asks, and returns the answer if it is there already. Must be repeated in every plan that still needs the answer. */
  ask<Q extends Question>(question: Q): Answer<Q> | undefined {
    this.effects.push({ effect: 'ask', question });
    return this.#answers.of(question);
  }

  /** The earliest of all times given is kept. */
  wakeAt(timeMs: number | undefined): this {
    if (timeMs !== undefined && (this.#wakeAtMs === undefined || timeMs < this.#wakeAtMs)) this.#wakeAtMs = timeMs;
    return this;
  }

  finish(status?: Record<string, unknown>): Plan {
    return { status, effects: this.effects, events: this.events, wakeAtMs: this.#wakeAtMs };
  }
}

/** The answers one key has so far: part of its observation. */
export interface Answers {
  of<Q extends Question>(question: Q): Answer<Q> | undefined;
}

export const NO_ANSWERS: Answers = { of: () => undefined };
