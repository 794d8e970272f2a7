import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RULES } from '../rules/index.ts';
import { rulesPage } from './reference.ts';

const PAGE = new URL('../../docs/reference/check-rules.md', import.meta.url);

it('docs/reference/check-rules.md is made from the rules', () => {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(PAGE, rulesPage(RULES));
  expect(readFileSync(PAGE, 'utf8')).toBe(rulesPage(RULES));
});

it('every rule has an id of family and name, once, and says why', () => {
  const ids = RULES.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, why, summary } of RULES) {
    expect(id).toMatch(/^[a-z]+\/[a-z-]+$/);
    expect(why.length).toBeGreaterThan(40);
    expect(summary.endsWith('.')).toBe(false);
  }
});
