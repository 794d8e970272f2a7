import { describe, expect, it } from 'vitest';
import { configMap, REPOSITORY, shopApplication, SyncWorld } from './simulated-world.ts';

const wave = (number: number) => ({ 'argocd.argoproj.io/sync-wave': String(number) });
const deployment = (name: string, number: number, image = 'a:1') =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, annotations: wave(number) },
    spec: { template: { spec: { containers: [{ name: 'main', image }] } } },
  });

function installed(files: Record<string, string>, spec: Record<string, unknown> = {}): SyncWorld {
  const world = new SyncWorld();
  world.git.commit(REPOSITORY, files);
  world.create(shopApplication(spec));
  world.run();
  return world;
}

describe('first install', () => {
  it('applies plain YAML and reports it as synced and healthy', () => {
    const world = installed({ 'deploy/all.yaml': `${configMap('one', '1')}\n---\n${configMap('two', '2')}` });
    expect(world.get('ConfigMap', 'one')?.data).toEqual({ value: '1' });
    expect(world.get('ConfigMap', 'two')?.metadata.annotations?.['argocd.argoproj.io/tracking-id']).toBe(
      'shop:/ConfigMap:shop/two',
    );
    const { sync, health, operationState, history } = world.application().status ?? {};
    expect(sync?.status).toBe('Synced');
    expect(health?.status).toBe('Healthy');
    expect(operationState?.phase).toBe('Succeeded');
    expect(history).toHaveLength(1);
    expect(world.application().operation).toBeUndefined();
  });
});
