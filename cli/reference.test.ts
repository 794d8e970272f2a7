import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COMMANDS } from './commands/index.ts';
import { helpText, referencePage } from './help.ts';

const file = join(import.meta.dirname, '..', 'docs', 'reference', 'cli.md');

it('docs/reference/cli.md is what the commands say (UPDATE_GOLDEN=1 writes it anew)', () => {
  const page = referencePage(COMMANDS);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, page);
  expect(readFileSync(file, 'utf8')).toBe(page);
});

it('help about a word that is neither a command nor a group names the nearest', () => {
  expect(() => helpText(['rolout', 'get'], COMMANDS)).toThrow('there is no help about "rolout get"');
  expect(helpText(['exit-codes'], COMMANDS)).toContain('124  the time given with --timeout ran out');
});
