/** Our verdict on tests of rules against promtool's, where that is installed. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runProgram } from './program.ts';

const TESTDATA = join(import.meta.dirname, '../engine/mechanism/lib/promql/rules/testdata');
const isThere = spawnSync('promtool', ['--version']).status === 0;
if (!isThere)
  process.stderr.write(
    '\nSKIPPED: no `promtool` on PATH, so tests of rules are not compared with it (apt install prometheus)\n\n',
  );

async function ours(file: string): Promise<number> {
  const sink = { isTTY: false, write: () => {} };
  return await runProgram({
    words: ['rules', 'test', file],
    stdout: sink,
    stderr: sink,
    environment: {},
    folder: '/',
    now: () => 0,
    onSignal: () => {},
  });
}

describe.skipIf(!isThere)('pern rules test against promtool', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pern-rules-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(TESTDATA, folder, { recursive: true });
  const test = readFileSync(join(folder, 'shop.test.yaml'), 'utf8');
  const rules = readFileSync(join(folder, 'shop.rules.yaml'), 'utf8');

  it.each<[string, (text: string) => string, (text: string) => string]>([
    ['as they are', (text) => text, (text) => text],
    ['another value', (text) => text.replace('value: 7', 'value: 8'), (text) => text],
    ['another annotation', (text) => text.replace('25% of', '26% of'), (text) => text],
    [
      'an alert too many',
      (text) => text.replace('{ eval_time: 5m, alertname: ManyErrors }', '{ eval_time: 5m, alertname: Always }'),
      (text) => text,
    ],
    ['a longer for', (text) => text, (text) => text.replace('for: 2m', 'for: 9m')],
    ['a longer keep_firing_for', (text) => text, (text) => text.replace('keep_firing_for: 3m', 'keep_firing_for: 1h')],
    [
      'an expression that cannot be read',
      (text) => text,
      (text) => text.replace('latency_seconds > 2', 'latency_seconds >'),
    ],
    [
      'an expression that fails',
      (text) => text,
      (text) => text.replace('latency_seconds > 2', 'sum by (status) (requests_total) * on () requests_total'),
    ],
  ])('%s', async (_, editTest, editRules) => {
    writeFileSync(join(folder, 'shop.test.yaml'), editTest(test));
    writeFileSync(join(folder, 'shop.rules.yaml'), editRules(rules));
    const { status, stderr } = spawnSync('promtool', ['test', 'rules', 'shop.test.yaml'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect([await ours(join(folder, 'shop.test.yaml')), stderr]).toEqual([status, stderr]);
    expect(status).toBe(editTest === editRules || (editTest(test) === test && editRules(rules) === rules) ? 0 : 1);
  });
});
