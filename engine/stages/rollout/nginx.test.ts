import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube/object.ts';
import { computeTable } from '../traffic/ingress/controller.ts';
import type { Ingress } from './observe.ts';
import { ingressManifest, ROUTED, rolloutManifest, serviceManifest, templateManifest } from './testing/manifests.ts';
import { reach, release } from './testing/scenario.ts';
import { NAMESPACE, SimulatedWorld } from './testing/simulated-world.ts';
import type { NginxRouting } from './types.ts';

function world(nginx: NginxRouting, ingresses: readonly KubeObject[]): SimulatedWorld {
  const created = new SimulatedWorld();
  for (const name of ['web-stable', 'web-canary']) created.create(serviceManifest(name));
  for (const ingress of ingresses) created.create(ingress);
  created.create(templateManifest('success-rate'));
  const canary = { ...ROUTED, trafficRouting: { nginx }, steps: [{ setWeight: 25 }, { pause: {} }] };
  created.create(rolloutManifest(canary));
  return created;
}

function named(name: string): KubeObject {
  const manifest = ingressManifest() as KubeObject;
  return { ...manifest, metadata: { ...manifest.metadata, name } };
}

describe('nginx, several Ingresses and other prefixes', () => {
  it('every stable Ingress has its own canary, all with the same weight', () => {
    const at = world({ stableIngresses: ['web', 'api'] }, [named('web'), named('api')]);
    reach(at, 'Healthy');
    release(at, '2');
    reach(at, 'Paused');
    const weights = ['web-web-canary', 'web-api-canary'].map(
      (name) => at.ingress(name)?.metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'],
    );
    expect(weights).toEqual(['25', '25']);
  });

  it('annotationPrefix names the annotations, and the ingress reads a canary by its own prefix', () => {
    const at = world(
      {
        stableIngress: 'web',
        annotationPrefix: 'custom.io',
        additionalIngressAnnotations: { 'canary-by-header': 'X' },
      },
      [named('web')],
    );
    reach(at, 'Healthy');
    release(at, '2');
    reach(at, 'Paused');
    expect(at.ingress('web-web-canary')?.metadata.annotations).toEqual({
      'custom.io/canary': 'true',
      'custom.io/canary-by-header': 'X',
      'custom.io/canary-weight': '25',
    });
    const ingresses = at.engine.store.list('Ingress.networking.k8s.io', NAMESPACE) as Ingress[];
    const { routes } = computeTable(ingresses, at.engine.store);
    expect(routes.map(({ host, path, canary }) => [host, path, canary?.weight, canary?.header?.name])).toContainEqual([
      'web.localhost',
      '/',
      25,
      'X',
    ]);
  });

  it('an Ingress without a rule for the stable service is refused with its name', () => {
    const lonely = named('web');
    (lonely.spec as { rules: unknown[] }).rules = [];
    const at = world({ stableIngress: 'web' }, [lonely]);
    at.run(10_000);
    expect([at.status.phase, at.status.message]).toEqual([
      'Degraded',
      'InvalidSpec: The Rollout "web" is invalid: spec.strategy.canary.trafficRouting.nginx.stableIngress: Invalid value: "web": ingress `web` has no rules using service web-stable backend',
    ]);
  });
});
