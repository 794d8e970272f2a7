import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { shortenPaths } from './actions/kustomize.ts';
import { runProgram } from './program.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function write(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'pern-kustomize-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

async function call(...words: string[]) {
  const output = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({
    isTTY: false,
    write(text: string) {
      output[name] += text;
    },
  });
  const code = await runProgram({
    words,
    stdout: sink('out'),
    stderr: sink('err'),
    environment: {},
    folder: '/',
    now: () => 0,
    onSignal: () => {},
  });
  return { code, ...output };
}

const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n';

it('pern kustomize prints the objects of a folder, bases beside it included', async () => {
  const root = write({
    'base/kustomization.yaml': 'resources: [map.yaml]\n',
    'base/map.yaml': MAP,
    'over/kustomization.yaml': 'resources: [../base]\nnamePrefix: x-\n',
  });
  const { code, out, err } = await call('kustomize', join(root, 'over'));
  expect({ code, out, err }).toEqual({ code: 0, out: MAP.replace('name: a', 'name: x-a'), err: '' });
});

it('pern kustomize reports every mistake on stderr and exits 1', async () => {
  const root = write({ 'kustomization.yaml': 'resources:\n- gone.yaml\nimagez: []\n' });
  const { code, out, err } = await call('kustomize', root);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/kustomization\.yaml:3:1: unknown field "imagez"/);
  expect(err).toMatch(/kustomization\.yaml:2:3: there is neither a file nor a directory .*gone\.yaml/);
  expect(err).toMatch(/2 errors; nothing was rendered\n$/);
});

it('pern kustomize --load-restrictor none reads files outside of the folder', async () => {
  const root = write({ 'o/kustomization.yaml': 'resources: [../map.yaml]\n', 'map.yaml': MAP });
  expect(await call('kustomize', join(root, 'o'))).toMatchObject({ code: 1, out: '' });
  expect(await call('kustomize', join(root, 'o'), '--load-restrictor', 'none')).toMatchObject({ code: 0, out: MAP });
});

it.each([
  ['there is no file a/b/c/x.yaml', 'there is no file x.yaml'],
  ['there is no file a/b/y', 'there is no file ../y'],
  ['a/b/c contains a/b', '. contains ..'],
  ['no/a/b/c/d stays', 'no/a/b/c/d stays'],
])('paths are shown from the current folder: %s', (text, expected) => {
  expect(shortenPaths(text, '/a/b/c')).toBe(expected);
});
