import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seededEntropy } from '#core/entropy.ts';
import { EvenDraws } from './even-draws.ts';

it('gives every weight its share to within a few requests, from any start', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 1, max: 2000 }),
      (seed, weight, requests) => {
        const draws = new EvenDraws(seededEntropy(seed));
        let canary = 0;
        for (let index = 0; index < requests; index++)
          if (Math.floor(draws.next('route') * 100) + 1 <= weight) canary++;
        expect(Math.abs(canary - (requests * weight) / 100)).toBeLessThan(6);
      },
    ),
  );
});
