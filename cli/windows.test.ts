import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAt } from './actions/windows.ts';
import { COMMANDS } from './commands/index.ts';
import { runProgram } from './program.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const TESTDATA = join(import.meta.dirname, 'actions', 'testdata');
const FILE = join(TESTDATA, 'windows.yaml');
/** Friday evening, the weekend before the clocks of Europe change. */
const NOW = Date.parse('2026-03-27T17:30:00Z');

async function pern(...words: string[]) {
  const output = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    isTTY: false,
    write(text: string) {
      output[name] += text;
    },
  });
  const code = await runProgram({
    words,
    commands: COMMANDS,
    stdout: stream('out'),
    stderr: stream('err'),
    environment: {},
    folder: '/',
    now: () => NOW,
    onSignal: () => {},
  });
  return { code, ...output };
}

function matchesGolden(name: string, text: string): void {
  const file = join(TESTDATA, name);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
  expect(existsSync(file), `${file} exists (UPDATE_GOLDEN=1 writes it)`).toBe(true);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

it.each([
  ['windows-list.txt', 0, ['list']],
  ['windows-explain.txt', 4, ['explain', '--app', 'web']],
  ['windows-explain-other.txt', 0, ['explain', '--app', 'batch', '--project', 'shop', '--at', '2026-03-30 09:00']],
  ['windows-next.txt', 0, ['next', '--app', 'web', '--count', '5']],
] as const)('%s', async (golden, code, [verb, ...words]) => {
  const result = await pern('windows', verb, '--file', FILE, ...words);
  matchesGolden(golden, result.out);
  expect(result.code).toBe(code);
});

describe('windows explain', () => {
  it('judges by what a person may do with --manual', async () => {
    expect((await pern('windows', 'explain', '--file', FILE, '--app', 'web', '--manual')).code).toBe(0);
  });

  it('prints data with -o json', async () => {
    const { out } = await pern('windows', 'explain', '--file', FILE, '--app', 'web', '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({
      application: 'web',
      at: '2026-03-27T17:30:00Z',
      automated: { allowed: false, rule: 'deny', windows: [{ schedule: '0 18 * * FRI' }] },
      manual: { allowed: true, rule: 'deny, manual sync' },
    });
  });

  it('says which applications there are when it does not know one', async () => {
    const { code, err } = await pern('windows', 'explain', '--file', FILE, '--app', 'wob');
    expect(code).toBe(2);
    expect(err).toContain(`there is no Application "wob" in ${FILE}`);
    expect(err).toContain('did you mean web?');
  });

  it('refuses files that are no YAML and windows that are no windows, with their place', async () => {
    const folder = temporaryFolder('pern-windows-');
    writeFileSync(join(folder, 'a.yaml'), 'kind: [\n');
    const broken = await pern('windows', 'list', '--file', join(folder, 'a.yaml'));
    expect([broken.code, broken.err]).toEqual([2, expect.stringMatching(/a\.yaml:\d+:\d+/)]);
    writeFileSync(
      join(folder, 'b.yaml'),
      'kind: AppProject\nmetadata: {name: p}\nspec: {syncWindows: [{schedule: 5}]}\n',
    );
    const odd = await pern('windows', 'list', '--file', join(folder, 'b.yaml'));
    expect(odd.err).toContain('project p: spec.syncWindows[0].schedule: must be a string, and is a number');
    writeFileSync(join(folder, 'c.yaml'), 'kind: AppProject\nmetadata: {name: p}\nspec: {syncWindows: [{kind: x}]}\n');
    const invalid = await pern('windows', 'list', '--file', join(folder, 'c.yaml'));
    expect(invalid.code).toBe(1);
    expect(invalid.err).toContain("p: spec.syncWindows[0]: kind 'x' mismatch: can only be allow or deny");
  });
});

it.each([
  ['2026-01-09T18:30:00+01:00', '2026-01-09T17:30:00Z'],
  ['2026-01-09T18:30:00Z', '2026-01-09T18:30:00Z'],
  ['2026-01-09 18:30', '2026-01-09T18:30:00Z'],
  ['2026-01-09', '2026-01-09T00:00:00Z'],
  ['now', '2026-03-27T17:30:00Z'],
])('--at %s is %s', (text, time) => {
  expect(parseAt(text, NOW)).toBe(Date.parse(time));
});

it.each(['tomorrow', '9.1.2026', '2026-13-01', '18:30'])('--at %s is refused', (text) => {
  expect(() => parseAt(text, NOW)).toThrow('is not a time');
});
