/** Rows 7 and 9: sizes that fit together, computed from what the environments declare. */
import { describe, expect, it } from 'vitest';
import { parseQuantity } from '../../engine/vocabulary/kube/quantity.ts';
import { ENVIRONMENTS, type Environment, inEnvironment, type Loose, named } from './declared.ts';

const ROLLOUT = 'Rollout.argoproj.io';
const HPA = 'HorizontalPodAutoscaler.autoscaling';
/** PostgreSQL's defaults: max_connections less superuser_reserved_connections. */
const CONNECTIONS_MAX = 100 - 3;

/** The most pods a component has at once: stable and canary version, each as large as the autoscaler may make it. */
function podsMax(environment: Environment, component: string): number {
  const scaler = inEnvironment(environment, HPA).find(({ metadata }) => metadata.name === component);
  return 2 * (scaler?.spec.maxReplicas ?? named(environment, ROLLOUT, component).spec.replicas);
}

/** Every workload of an environment with the most pods it may have. */
function workloads(environment: Environment): { template: Loose; pods: number }[] {
  const rollouts = inEnvironment(environment, ROLLOUT).map(({ metadata, spec }) => ({
    template: spec.template,
    pods: podsMax(environment, metadata.name),
  }));
  const others = [...inEnvironment(environment, 'StatefulSet.apps'), ...inEnvironment(environment, 'Job.batch')];
  return [...rollouts, ...others.map(({ spec }) => ({ template: spec.template, pods: spec.replicas ?? 1 }))];
}

const quantity = (text: unknown) => Number(parseQuantity(String(text)));

describe('row 9: environments', () => {
  it.each([
    ['development', 1, 1],
    ['staging', 3, 2],
    ['production', 5, 4],
  ] as const)('%s runs %i back ends and %i front ends in its own namespace', (environment, backends, frontends) => {
    const replicas = (name: string) => named(environment, ROLLOUT, name).spec.replicas;
    expect([replicas('backend'), replicas('frontend')]).toEqual([backends, frontends]);
    const namespaces = inEnvironment(environment, ROLLOUT).map(({ metadata }) => metadata.namespace);
    expect(new Set(namespaces)).toEqual(new Set([`pern-app-${environment}`]));
    for (const { metadata, spec } of inEnvironment(environment, HPA)) {
      expect(spec.minReplicas, 'git and the autoscaler agree on where to begin').toBe(replicas(metadata.name));
    }
  });

  it.each(ENVIRONMENTS)('%s: images are pinned, and pulled only when they are not there', (environment) => {
    for (const { template } of workloads(environment)) {
      for (const { image, imagePullPolicy } of template.spec.containers) {
        expect(image).toMatch(/^[a-z0-9./-]+:\d[\w.-]*$/);
        expect(imagePullPolicy).toBe('IfNotPresent');
      }
    }
  });

  it.each(ENVIRONMENTS)('%s: common labels are on everything', (environment) => {
    const kinds = [ROLLOUT, 'Service', 'ServiceAccount', 'ConfigMap', 'Ingress.networking.k8s.io', 'StatefulSet.apps'];
    for (const object of [...kinds, 'NetworkPolicy.networking.k8s.io', HPA].flatMap((kind) =>
      inEnvironment(environment, kind),
    )) {
      expect(object.metadata.labels, object.metadata.name).toMatchObject({
        'app.kubernetes.io/name': expect.any(String),
        'app.kubernetes.io/part-of': 'pern-app',
        'app.kubernetes.io/instance': `pern-app-${environment}`,
        'app.kubernetes.io/managed-by': 'argocd',
      });
    }
  });

  it('production asks for more than staging, and staging for no less than development', () => {
    for (const component of ['backend', 'frontend']) {
      const [dev, staging, production] = ENVIRONMENTS.map((environment) => {
        const [{ resources }] = named(environment, ROLLOUT, component).spec.template.spec.containers;
        return quantity(resources.requests.memory);
      }) as [number, number, number];
      expect(production).toBeGreaterThan(staging);
      expect(staging).toBeGreaterThanOrEqual(dev);
    }
  });

  it.each(ENVIRONMENTS)(
    '%s: two versions at their largest do not use up the connections of PostgreSQL',
    (environment) => {
      const [settings] = inEnvironment(environment, 'ConfigMap').filter(({ metadata }) =>
        /^backend-config/.test(metadata.name),
      );
      // One more for each pod's readiness, and one for the migration.
      const connections = podsMax(environment, 'backend') * (Number(settings.data.PG_POOL_MAX) + 1) + 1;
      expect(connections).toBeLessThanOrEqual(CONNECTIONS_MAX);
      const [{ args = [] }] = named(environment, 'StatefulSet.apps', 'postgres').spec.template.spec.containers;
      expect(args, 'max_connections is the default').toEqual([]);
    },
  );
});

describe('row 7: quota', () => {
  it.each(ENVIRONMENTS)('%s: has room for the largest release, and not for twice of it', (environment) => {
    const { hard } = named(environment, 'ResourceQuota', 'environment').spec;
    const all = workloads(environment);
    const pods = all.reduce((sum, one) => sum + one.pods, 0);
    expect(Number(hard.pods)).toBeGreaterThanOrEqual(pods);
    expect(Number(hard.pods)).toBeLessThan(2 * pods);
    for (const [kind, resource] of [
      ['requests', 'cpu'],
      ['requests', 'memory'],
      ['limits', 'cpu'],
      ['limits', 'memory'],
    ] as const) {
      const needed = all.reduce((sum, one) => {
        const each = one.template.spec.containers.reduce(
          (part: number, { resources }: Loose) => part + quantity(resources[kind][resource]),
          0,
        );
        return sum + one.pods * each;
      }, 0);
      const allowed = quantity(hard[`${kind}.${resource}`]);
      expect(allowed, `${kind}.${resource} ${needed}`).toBeGreaterThanOrEqual(needed);
      expect(allowed, `${kind}.${resource} ${needed}`).toBeLessThan(2 * needed);
    }
  });

  it.each(ENVIRONMENTS)('%s: no container is larger than the limit range permits', (environment) => {
    const [{ max }] = named(environment, 'LimitRange', 'containers').spec.limits;
    for (const { template } of workloads(environment)) {
      for (const { resources } of template.spec.containers) {
        expect(quantity(resources.limits.cpu)).toBeLessThanOrEqual(quantity(max.cpu));
        expect(quantity(resources.limits.memory)).toBeLessThanOrEqual(quantity(max.memory));
      }
    }
  });
});

describe('row 7: disruptions', () => {
  it.each(['staging', 'production'] as const)('%s: every component has a budget that lets a node go', (environment) => {
    for (const { metadata, spec } of inEnvironment(environment, ROLLOUT)) {
      const budget = named(environment, 'PodDisruptionBudget.policy', metadata.name);
      expect(budget.spec.maxUnavailable).toBeLessThan(spec.replicas);
      expect(budget.spec.selector.matchLabels).toEqual(spec.selector.matchLabels);
      expect(named(environment, HPA, metadata.name).spec.scaleTargetRef).toEqual({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Rollout',
        name: metadata.name,
      });
    }
  });

  it.each(ENVIRONMENTS)('%s: preStop and the shutdown of the application fit into the grace period', (environment) => {
    for (const { metadata, spec } of inEnvironment(environment, ROLLOUT)) {
      const [settings] = inEnvironment(environment, 'ConfigMap').filter((one) =>
        one.metadata.name.startsWith(`${metadata.name}-config`),
      );
      const [{ lifecycle }] = spec.template.spec.containers;
      const shutdownMs = 1000 * lifecycle.preStop.sleep.seconds + Number(settings.data.SHUTDOWN_TIMEOUT_MS);
      expect(shutdownMs).toBeLessThan(1000 * spec.template.spec.terminationGracePeriodSeconds);
      expect(Number(settings.data.SHUTDOWN_DELAY_MS)).toBeLessThan(Number(settings.data.SHUTDOWN_TIMEOUT_MS));
    }
  });
});
