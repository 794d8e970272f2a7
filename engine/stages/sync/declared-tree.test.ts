import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { assessHealth } from '#kube/health/health.ts';
import type { KubeObject } from '#kube/object.ts';
import { parseManifests } from '../render/directory.ts';
import { HEALTH, SyncWorld } from './testing/simulated-world.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** The key that production asks for. */
const KEY = 'B5690EEEBB952194';
const URL = 'https://github.com/pern-gitops/pern-gitops.git';

/** The repository's own declaration, as it lies on disk. */
function declaredFiles(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(join(ROOT, 'pern-gitops'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[path.slice(ROOT.length + 1)] = readFileSync(path, 'utf8');
  }
  return files;
}

/** Everything that has a health check and has just been made is healthy: the workloads have no controllers here. */
function healthy(object: KubeObject) {
  const real = assessHealth(object);
  return real === undefined || object.metadata.annotations?.[HEALTH] === 'real' ? real : { status: 'Healthy' as const };
}

it('syncs the tree of this repository, from the root to every environment', () => {
  const files = declaredFiles();
  const world = new SyncWorld({ assessHealth: healthy });
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argo-rollouts' } });
  world.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-gpg-keys-cm', namespace: 'argocd' },
    data: { [KEY]: 'armoured' },
  });
  world.git.commit(URL, files, 'reviewed', { signature: { keyId: KEY } });
  const bootstrap = parseManifests(files['pern-gitops/bootstrap/root-app.yaml'] ?? '', 'root-app.yaml');
  for (const { manifest } of bootstrap) world.create(manifest);
  world.run(60_000);
  const applications = world.engine.store.list('Application.argoproj.io');
  const environments = readdirSync(join(ROOT, 'pern-gitops/apps/pern-app/overlays'));
  expect(applications.map(({ metadata }) => metadata.name).sort()).toEqual(
    ['root', ...environments.filter((name) => !name.includes('.')).map((name) => `pern-app-${name}`)].sort(),
  );
  for (const { metadata } of applications) {
    const { conditions, sync, operationState } = world.application(metadata.name).status ?? {};
    expect(conditions, metadata.name).toBeUndefined();
    if (metadata.name === 'pern-app-production') {
      expect([operationState, sync?.status], 'production waits for a person').toEqual([undefined, 'OutOfSync']);
      continue;
    }
    expect(operationState?.phase, `${metadata.name}: ${operationState?.message}`).toBe('Succeeded');
    expect(sync?.status, metadata.name).toBe('Synced');
  }
});
