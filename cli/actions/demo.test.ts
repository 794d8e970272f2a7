import { expect, it } from 'vitest';
import { nextVersions } from './demo.ts';

it.each([
  ['1.0.0', ['1.1.0', '1.2.0', '1.3.0']],
  ['2.9.7', ['2.10.0', '2.11.0', '2.12.0']],
  ['main-4f1a5b1', ['main-4f1a5b1-demo.1', 'main-4f1a5b1-demo.2', 'main-4f1a5b1-demo.3']],
])('the demo releases versions after %s', (current, versions) => {
  expect(nextVersions(current)).toEqual(versions);
});
