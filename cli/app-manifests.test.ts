import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runAppManifests } from './actions/app-manifests.ts';
import type { Invocation } from './command.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pern-manifests-'));
  mkdirSync(join(root, 'app'));
  const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args]);
  git('init', '--quiet');
  for (const version of ['one', 'two']) {
    writeFileSync(join(root, 'app', 'kustomization.yaml'), 'resources: [map.yaml]\n');
    writeFileSync(join(root, 'app', 'map.yaml'), `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${version}\n`);
    git('add', '-A');
    git('-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '--quiet', '-m', version);
  }
  writeFileSync(join(root, 'app', 'map.yaml'), 'not committed');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function manifests(revision?: string): Promise<string> {
  let written = '';
  const source = { path: 'app', targetRevision: 'HEAD', kustomize: { namePrefix: 'p-' } };
  const invocation = {
    arguments: ['web'],
    options: { text: () => revision },
    terminal: { write: (text: string) => (written += text), note: () => {} },
    session: {
      repository: () => root,
      api: async () => ({ list: async () => ({ items: [{ metadata: { name: 'web' }, spec: { source } }] }) }),
    },
  } as unknown as Invocation;
  expect(await runAppManifests(invocation)).toBe(0);
  return written;
}

it('pern app manifests renders the tracked commit with the overrides of the application', async () => {
  expect(await manifests()).toBe('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: p-two\n');
});

it('pern app manifests --revision renders another commit, and names one that is not there', async () => {
  expect(await manifests('HEAD~1')).toContain('name: p-one');
  await expect(manifests('nowhere')).rejects.toThrow('there is no revision "nowhere"');
});
