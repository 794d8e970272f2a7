import type { Manifest } from '#kube/object.ts';
import type { CanaryStrategy, RolloutSpec } from '../types.ts';
import { NAMESPACE, type SimulatedWorld } from './simulated-world.ts';

export function podTemplate(version: string): NonNullable<RolloutSpec['template']> {
  return {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: `web:${version}`, ports: [{ name: 'http', containerPort: 8080 }] }] },
  };
}

export const ROUTED = {
  canaryService: 'web-canary',
  stableService: 'web-stable',
  trafficRouting: { nginx: { stableIngress: 'web' } },
} as const;

export function rolloutManifest(canary: CanaryStrategy, spec: Partial<RolloutSpec> = {}): Manifest {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: podTemplate('1'),
      strategy: { canary },
      ...spec,
    },
  };
}

export function serviceManifest(name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
  };
}

export function ingressManifest(): Manifest {
  const path = (at: string, service: string) => ({
    path: at,
    pathType: 'Prefix',
    backend: { service: { name: service, port: { number: 80 } } },
  });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        { host: 'web.localhost', http: { paths: [path('/', 'web-stable'), path('/other', 'other')] } },
        { host: 'other.localhost', http: { paths: [path('/', 'other')] } },
      ],
    },
  };
}

export function templateManifest(name: string, metric: Record<string, unknown> = {}): Manifest {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      args: [{ name: 'canary-hash' }],
      metrics: [
        {
          name: 'success-rate',
          interval: '10s',
          count: 3,
          failureLimit: 1,
          successCondition: 'result[0] >= 0.95',
          provider: {
            prometheus: { address: 'http://prometheus:9090', query: 'rate{hash="{{args.canary-hash}}"}' },
          },
          ...metric,
        },
      ],
    },
  };
}

/** A template with one metric that is measured once, by a query of the template's name. */
export function singleMeasurement(name: string, conditions: Record<string, string>): Manifest {
  const provider = { prometheus: { address: 'http://prometheus:9090', query: name } };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name, namespace: NAMESPACE },
    spec: { metrics: [{ name, provider, ...conditions }] },
  };
}

export const HASH_ARGS = [{ name: 'canary-hash', valueFrom: { podTemplateHashValue: 'Latest' } }];

/** Services, Ingress and a template, so that a routed rollout with analysis validates. */
export function createSurroundings(world: SimulatedWorld): void {
  for (const name of ['web-stable', 'web-canary']) world.create(serviceManifest(name));
  world.create(ingressManifest());
  world.create(templateManifest('success-rate'));
}
