import { type Entropy, randomInteger } from './entropy.ts';

/** Identifiers as an argument: unique in the live host, reproducible in the simulated one. */
export interface Ids {
  /** An RFC 4122 version 4 UUID, for `metadata.uid`. */
  uid(): string;
  /** `length` characters of Kubernetes' safe alphabet, for `generateName`. */
  suffix(length: number): string;
}

/** The alphabet Kubernetes uses for generated names: no vowels, no look-alikes. */
export const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export function entropyIds(entropy: Entropy): Ids {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => randomInteger(entropy, 16, 'uid').toString(16)).join('');
  return {
    uid: () => {
      const variant = '89ab'[randomInteger(entropy, 4, 'uid variant')];
      return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
    },
    suffix: (length) =>
      Array.from({ length }, () => SAFE_ALPHABET[randomInteger(entropy, SAFE_ALPHABET.length, 'name suffix')]).join(''),
  };
}
