/** Row 7: every pair of workloads, under the policies as they are rendered. */
import { describe, expect, it } from 'vitest';
import { allowedFlows } from '../../engine/mechanism/lib/network-policy/matrix.ts';
import { assessFlow, type PodFacts } from '../../engine/mechanism/lib/network-policy/network-policy.ts';
import { ENVIRONMENTS, type Environment, inEnvironment, type Loose } from './declared.ts';

const WORKLOADS = ['Rollout.argoproj.io', 'StatefulSet.apps', 'Job.batch'];

/** The workloads of an environment, one pod each. */
function workloads(environment: Environment): PodFacts[] {
  return WORKLOADS.flatMap((kind) => inEnvironment(environment, kind)).map(({ metadata, spec }) => ({
    namespace: metadata.namespace,
    name: metadata.name,
    labels: spec.template.metadata.labels,
    ports: spec.template.spec.containers.flatMap(({ ports = [] }: Loose) => ports),
  }));
}

const outside = (namespace: string, name: string, labels: Record<string, string>, port?: number): PodFacts => ({
  namespace,
  name,
  labels,
  ports: port === undefined ? [] : [{ name: 'dns', containerPort: port, protocol: 'UDP' }],
});
/** What else runs in a cluster, as the projects' own manifests label it. */
const CLUSTER: PodFacts[] = [
  outside('ingress-nginx', 'controller', { 'app.kubernetes.io/name': 'ingress-nginx' }),
  outside('monitoring', 'prometheus', { 'app.kubernetes.io/name': 'prometheus' }),
  outside('argo-rollouts', 'controller', { 'app.kubernetes.io/name': 'argo-rollouts' }),
  outside('kube-system', 'dns', { 'k8s-app': 'kube-dns' }, 53),
  outside('default', 'somebody', { 'app.kubernetes.io/name': 'ingress-nginx' }),
];

const world = {
  namespaces: [
    ...new Set([...CLUSTER.map(({ namespace }) => namespace), ...ENVIRONMENTS.map((one) => `pern-app-${one}`)]),
  ].map((name) => ({ name, labels: { 'kubernetes.io/metadata.name': name } })),
  policies: ENVIRONMENTS.flatMap((environment) => inEnvironment(environment, 'NetworkPolicy.networking.k8s.io')),
};

describe('row 7: network policies', () => {
  it.each(ENVIRONMENTS)('%s: exactly the flows that exist, of all pairs in all environments', (environment) => {
    const pods = [...ENVIRONMENTS.flatMap(workloads), ...CLUSTER];
    const own = `pern-app-${environment}`;
    const flows = allowedFlows(world, pods).filter((flow) => flow.includes(`${own}/`));
    expect(flows.map((flow) => flow.replaceAll(`${own}/`, '')).sort()).toEqual([
      'argo-rollouts/controller → frontend:http',
      'backend → kube-system/dns:dns',
      'backend → postgres:postgres',
      'backend → redis:redis',
      'frontend → kube-system/dns:dns',
      'ingress-nginx/controller → backend:http',
      'ingress-nginx/controller → frontend:http',
      'migration → kube-system/dns:dns',
      'migration → postgres:postgres',
      'monitoring/prometheus → backend:metrics',
      'monitoring/prometheus → frontend:metrics',
    ]);
  });

  it.each(ENVIRONMENTS)('%s: a pod of the front end reaches one of another release, for its assets', (environment) => {
    const frontend = workloads(environment).find(({ name }) => name === 'frontend');
    if (frontend === undefined) throw new Error('no front end');
    const canary = { ...frontend, name: 'frontend-of-another-release' };
    expect(assessFlow(world, { from: frontend, to: canary, port: 8080 }).allowed).toBe(true);
    expect(assessFlow(world, { from: frontend, to: canary, port: 9090 }).allowed).toBe(false);
  });

  it.each(ENVIRONMENTS)('%s: nobody reaches the internet, and a pod of no component reaches nothing', (environment) => {
    const stranger = outside(`pern-app-${environment}`, 'stranger', {});
    for (const pod of [...workloads(environment), stranger]) {
      expect(assessFlow(world, { from: pod, to: { ip: '203.0.113.7' }, port: 443 }).allowed, pod.name).toBe(false);
      if (pod === stranger) continue;
      for (const { containerPort } of pod.ports) {
        expect(assessFlow(world, { from: stranger, to: pod, port: containerPort }).allowed, pod.name).toBe(false);
      }
    }
  });
});
