/**
 * N Rollouts in the middle of a canary, reconciled from cold, as a process of its own: `node bench/rollouts-cold.ts N`.
 * The world is built first: N Rollouts of 2 replicas with nginx weights, released, at the pause after 25 %. Then the engine
 * ends and starts again from its objects; measured is the time until nothing is left to be planned, and the largest resident
 * memory of the process up to then. Prints `{ rollouts, setUpMs, coldMs, steps, heapMegabytes, residentMegabytes }`.
 */

import { Simulation } from '../engine/host/simulated.ts';
import { findCondition } from '../engine/vocabulary/kube/conditions.ts';

const COUNT = Number(process.argv[2] ?? '1000');
/** As teams have them: a namespace holds a few applications. */
const PER_NAMESPACE = 10;
const MINUTES_10_MS = 600_000;

const ROOT = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: root, namespace: argocd }
spec:
  project: default
  source: { repoURL: https://example.test/bench.git, targetRevision: HEAD, path: empty }
  destination: { server: https://kubernetes.default.svc, namespace: bench }
`;

const namespaceOf = (index: number) => `bench-${String(Math.floor(index / PER_NAMESPACE)).padStart(3, '0')}`;

function manifests(index: number, image: string): object[] {
  const name = `app-${String(index).padStart(4, '0')}`;
  const metadata = (own: string) => ({ name: own, namespace: namespaceOf(index) });
  const service = (suffix: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(`${name}-${suffix}`),
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  return [
    service('stable'),
    service('canary'),
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: metadata(name),
      spec: {
        ingressClassName: 'nginx',
        rules: [
          {
            host: `${name}.localhost`,
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: `${name}-stable`, port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: metadata(name),
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 8080 }] }] },
        },
        strategy: {
          canary: {
            stableService: `${name}-stable`,
            canaryService: `${name}-canary`,
            trafficRouting: { nginx: { stableIngress: name } },
            steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: '1m' } }],
          },
        },
      },
    },
  ];
}

const simulation = new Simulation({
  seed: 1,
  start: '2026-01-05T09:00:00Z',
  files: { 'pern-gitops/bootstrap/root-app.yaml': ROOT, 'empty/kustomization.yaml': 'resources: []\n' },
  loads: [],
  images: {},
});
const { resources } = simulation.engine;
const began = performance.now();
for (let index = 0; index < COUNT; index += PER_NAMESPACE)
  resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceOf(index) } });
for (let index = 0; index < COUNT; index++) for (const one of manifests(index, 'app:1')) resources.create(one as never);
const rollouts = () => simulation.engine.store.list('Rollout.argoproj.io');
const areHealthy = () => rollouts().every(({ status }) => status?.phase === 'Healthy');
const arePaused = () => rollouts().every(({ status }) => status?.phase === 'Paused' && status.currentStepIndex === 1);
await reach('healthy', areHealthy);
for (const {
  metadata: { name, namespace },
} of rollouts()) {
  const target = { kind: 'Rollout.argoproj.io', namespace, name } as const;
  const spec = {
    template: { spec: { containers: [{ name: 'app', image: 'app:2', ports: [{ containerPort: 8080 }] }] } },
  };
  simulation.engine.resources.patch(target, { type: 'merge', patch: { spec } }, {});
}
await reach('at the first pause', arePaused);
const setUpMs = performance.now() - began;
globalThis.gc?.();

const before = simulation.transcript.lines.length;
const steps = simulation.time.steps;
const started = performance.now();
simulation.restartEngine();
// One virtual second: everything that is due at once, and nothing that waits for time to pass.
simulation.run(() => false, 1000);
const coldMs = performance.now() - started;
const { heapUsed, rss } = process.memoryUsage();
if (!arePaused()) throw new Error('the restart changed the rollouts');
const degraded = rollouts().find(({ status }) => findCondition(status?.conditions, 'InvalidSpec') !== undefined);
if (degraded !== undefined) throw new Error(`${degraded.metadata.name} is invalid`);
process.stdout.write(
  `${JSON.stringify({
    rollouts: COUNT,
    setUpMs,
    coldMs,
    steps: simulation.time.steps - steps,
    events: simulation.transcript.lines.length - before,
    heapMegabytes: heapUsed / 1e6,
    residentMegabytes: rss / 1e6,
  })}\n`,
);

async function reach(what: string, done: () => boolean): Promise<void> {
  if (!simulation.run(done, MINUTES_10_MS)) {
    const [first] = rollouts();
    throw new Error(`the rollouts are not ${what}: ${JSON.stringify(first?.status, undefined, 1)}`);
  }
}
