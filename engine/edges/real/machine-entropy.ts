import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { Entropy } from '#core/entropy.ts';
import { type Ids, SAFE_ALPHABET } from '#core/ids.ts';

/** The machine's random source: unpredictable, as names and secrets need it. */
export const machineEntropy: Entropy = { random: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48 };

export const machineIds: Ids = {
  uid: () => randomUUID(),
  suffix: (length) => Array.from({ length }, () => SAFE_ALPHABET[randomInt(SAFE_ALPHABET.length)]).join(''),
};
