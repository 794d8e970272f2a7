import type { Entropy } from '#core/entropy.ts';

/** The golden ratio's fraction: its multiples, taken modulo 1, spread more evenly than those of any other number. */
const STEP = 0.6180339887498949;

/**
 * Draws in [0, 1) for weighted routing, one sequence a route from a random start. ingress-nginx draws independently, so
 * that after n requests the share is off by about 1/√n; these sequences are as uniform, but their share is off by about
 * 1/n, so a small canary gets its few requests at once and evenly.
 */
export class EvenDraws {
  readonly #entropy: Entropy;
  readonly #last = new Map<string, number>();

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  next(sequence: string): number {
    const last = this.#last.get(sequence) ?? this.#entropy.random('first canary draw');
    const draw = (last + STEP) % 1;
    this.#last.set(sequence, draw);
    return draw;
  }
}
