import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { KustomizeBinary } from './kustomize-binary.ts';

let folder: string | undefined;
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** A repository with one commit, and a program in place of kustomize. */
function setUp(script: string, files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), 'pern-binary-'));
  folder = root;
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', join(root, 'repository'), ...args], { encoding: 'utf8' }).trim();
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, 'repository', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  git('init', '--quiet');
  git('add', '-A');
  git('-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '--quiet', '-m', 'one');
  const command = join(root, 'kustomize');
  writeFileSync(command, `#!/bin/sh\n${script}\n`);
  chmodSync(command, 0o755);
  return {
    binary: new KustomizeBinary(command),
    repository: join(root, 'repository'),
    sha: git('rev-parse', 'HEAD'),
    git,
  };
}

const FILES = { 'app/kustomization.yaml': 'resources: [map.yaml]\n', 'app/map.yaml': 'kind: X\n' };

it('the binary builds a checkout of the commit, with the overrides in its kustomization', async () => {
  const script = `echo 'kind: ConfigMap
apiVersion: v1
metadata: {name: built}
data:
  text: |' && sed 's/^/    /' "$2/kustomization.yaml" && echo hint >&2`;
  const { binary, repository, sha, git } = setUp(script, FILES);
  writeFileSync(join(repository, 'app', 'kustomization.yaml'), 'not committed');
  const answer = await binary.render(repository, sha, { path: 'app', kustomize: { namePrefix: 'p-' } });
  expect(answer).toMatchObject({
    ok: true,
    value: {
      sourceType: 'Kustomize',
      warnings: ['hint'],
      manifests: [{ kind: 'ConfigMap', data: { text: 'namePrefix: p-\nresources:\n- map.yaml\n' } }],
    },
  });
  expect(git('status', '--porcelain')).toBe('M app/kustomization.yaml');
});

it('what the binary says when it fails is the failure', async () => {
  const { binary, repository, sha } = setUp('echo "Error: in $2: broken" >&2; exit 1', FILES);
  const answer = await binary.render(repository, sha, { path: 'app' });
  expect(answer).toMatchObject({ ok: false, failure: { code: 'BuildFailed', message: /: in app: broken$/ } });
});
