import { expect, it } from 'vitest';
import { parseQuantity } from '#kube/quantity.ts';
import { expand, secretText } from './environment.ts';

it.each([
  ['$(A)', '1'],
  ['x$(A)y$(B)', 'x1y2'],
  ['$(GONE)', '$(GONE)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$1'],
  ['$A $', '$A $'],
])('%s expands to %s', (text, expanded) => {
  expect(expand(text, { A: '1', B: '2' })).toBe(expanded);
});

it('secrets are UTF-8', () => {
  expect(secretText('czNjcmV0w6k=')).toBe('s3creté');
});

it.each([
  ['250m', 0.25],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['1e3', 1000],
  ['64M', 64e6],
  ['x', undefined],
  ['1Zi', undefined],
])('quantity %s', (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});
