/** Randomness as an argument. One seed gives one sequence, so a simulated run can be replayed. */
export interface Entropy {
  /** A number in [0, 1). `reason` names the draw, for transcripts. */
  random(reason: string): number;
}

/** A deterministic generator (sfc32 seeded through splitmix32): the same seed always draws the same numbers. */
export function seededEntropy(seed: number): Entropy {
  let state = seed | 0;
  const splitmix = () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  let a = splitmix() | 0;
  let b = splitmix() | 0;
  let c = splitmix() | 0;
  let counter = 1;
  return {
    random() {
      const sum = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (c << 21) | (c >>> 11);
      c = (c + sum) | 0;
      return (sum >>> 0) / 4294967296;
    },
  };
}

/** A whole number in [0, below). */
export function randomInteger(entropy: Entropy, below: number, reason: string): number {
  return Math.floor(entropy.random(reason) * below);
}

/** `items` in random order (Fisher-Yates); the input is left as it is. */
export function shuffled<T>(entropy: Entropy, items: readonly T[], reason: string): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = randomInteger(entropy, last + 1, reason);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
