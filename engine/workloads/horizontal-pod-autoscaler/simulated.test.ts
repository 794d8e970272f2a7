import { expect, it } from 'vitest';
import { HEALTHY } from '#edges/sim/traffic/behaviour.ts';
import { Simulation } from '../../host/simulated.ts';

const IMAGE = 'registry.example.com/web:1';

const ROOT = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: root, namespace: argocd }
spec:
  project: default
  source: { repoURL: https://git.example.com/shop.git, path: app, targetRevision: HEAD }
  destination: { server: https://kubernetes.default.svc, namespace: shop }
  syncPolicy: { automated: {}, syncOptions: [CreateNamespace=true] }
`;

const APP = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: ${IMAGE}
          ports: [{ name: http, containerPort: 8080 }]
          resources: { requests: { cpu: 100m } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ name: http, port: 80, targetPort: http }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  ingressClassName: nginx
  rules:
    - host: web.localhost
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { name: http } } } }] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  minReplicas: 2
  maxReplicas: 8
  metrics:
    - { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 80 } } }
`;

it('follows the load of the simulated host: up with it, down five minutes after it, and a restart forgets nothing', () => {
  const start = '2026-01-05T09:00:00Z';
  const peak = { fromMs: Date.parse(start) + 300_000, untilMs: Date.parse(start) + 900_000 };
  const simulation = new Simulation({
    seed: 1,
    start,
    files: { 'pern-gitops/bootstrap/root-app.yaml': ROOT, 'app/app.yaml': APP },
    // A request costs 4 ms of CPU: 30 a second keep two pods of 100m at 60 %, 100 need five at 80 %.
    loads: [
      {
        host: 'web.localhost',
        path: '/',
        requestsPerSecond: (nowMs) => (nowMs >= peak.fromMs && nowMs < peak.untilMs ? 100 : 30),
      },
    ],
    images: {
      [IMAGE]: {
        service: {
          ...HEALTHY,
          usage: { cpuMillis: 0, cpuMillisPerRequest: 4, memoryBytes: 1e8, memoryBytesPerRequest: 0 },
        },
      },
    },
  });
  const store = () => simulation.engine.store;
  const replicas = () => store().get('Deployment.apps', 'shop', 'web')?.spec.replicas;
  const after = (minutes: number) => simulation.run(() => false, minutes * 60_000);
  after(5);
  expect(replicas()).toBe(2);
  after(5);
  expect(replicas()).toBe(5);
  const { status } = store().get('HorizontalPodAutoscaler.autoscaling', 'shop', 'web') ?? {};
  expect(status?.currentMetrics?.[0]?.resource?.current.averageUtilization).toBe(80);
  after(6);
  expect(replicas()).toBe(5);
  simulation.restartEngine();
  after(2);
  expect(replicas()).toBe(5);
  after(4);
  expect(replicas()).toBe(2);
  const rescales = store()
    .list('Event', 'shop')
    .filter(({ reason }) => reason === 'SuccessfulRescale')
    .map(({ message }) => message);
  expect(rescales).toContain('New size: 2; reason: All metrics below target');
  // What is converged is left alone.
  const before = store().resourceVersion;
  after(2);
  expect(store().resourceVersion - before).toBeLessThan(5);
});
