import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { verifyChain } from '#api/audit/chain.ts';
import { AuditLog, auditFiles, readHead } from './audit-log.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'pern-audit-kill-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

it('three writers killed with SIGKILL leave one whole chain, and every act in it', async () => {
  const folder = join(parent, 'audit');
  for (let round = 0; round < 3; round++) {
    const writer = spawn(process.execPath, [join(import.meta.dirname, 'testing', 'endless-writer.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(writer.stdout, 'data');
    writer.kill('SIGKILL');
    await once(writer, 'exit');
  }
  new AuditLog({ folder, now: () => 0 }).close();
  const files = auditFiles(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
  const report = verifyChain(files, readHead(folder));
  expect([report.findings, report.tornBytes]).toEqual([[], 0]);
  const acts = report.records.filter(({ identity }) => identity === 'writer').map(({ object }) => object);
  expect(acts.length).toBeGreaterThanOrEqual(60);
  const rounds = acts.reduce((sum, object) => sum + (object === 'ConfigMap default/c-0' ? 1 : 0), 0);
  expect(rounds).toBe(3);
  // Within a round nothing is missing and nothing is there twice.
  const numbers = acts.map((object) => Number(object.split('-').at(-1)));
  expect(numbers.every((number, index) => number === 0 || number === (numbers[index - 1] as number) + 1)).toBe(true);
});
