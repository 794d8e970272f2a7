/** Row 5 of docs/reference/features.md: the same canary through Gateway API weights (components/gateway-api). */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SimulatedTree } from './simulated-tree.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const HOUR_MS = 3_600_000;
/** Ends a test that hangs; nothing is judged by it. */
const TIMEOUT_MS = 120_000;

let folder: string;

/** A copy of the tree whose development uses the component, as its head says. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pern-gateway-'));
  cpSync(join(REPOSITORY, 'pern-gitops'), join(folder, 'pern-gitops'), { recursive: true });
  edit('apps/pern-app/overlays/development/kustomization.yaml', (text) =>
    text
      .replace('  - ../../components/even-pace\n', '  - ../../components/even-pace\n  - ../../components/gateway-api\n')
      // The host of an Ingress becomes that of the routes.
      .replace('kind: Ingress\n', 'kind: HTTPRoute\n')
      .replace('path: /spec/rules/0/host\n', 'path: /spec/hostnames/0\n'),
  );
  edit('projects/appproject.yaml', (text) =>
    text.replaceAll(
      '    - group: monitoring.coreos.com\n      kind: ServiceMonitor\n',
      '    - group: gateway.networking.k8s.io\n      kind: HTTPRoute\n    - group: monitoring.coreos.com\n      kind: ServiceMonitor\n',
    ),
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function edit(path: string, change: (text: string) => string): void {
  const file = join(folder, 'pern-gitops', path);
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${path}: the edit changed nothing`);
  writeFileSync(file, after);
}

const GATEWAY = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'gateways', name: 'public' },
  spec: {
    gatewayClassName: 'any',
    listeners: [{ name: 'http', protocol: 'HTTP', port: 80, allowedRoutes: { namespaces: { from: 'All' } } }],
  },
};

it('weights of both components go through HTTPRoutes, and no Ingress is left', { timeout: TIMEOUT_MS }, () => {
  const tree = new SimulatedTree(folder);
  const { simulation } = tree;
  simulation.engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gateways' } });
  simulation.engine.resources.create(GATEWAY);
  tree.install();
  const { store } = simulation.engine;
  expect(store.list('Ingress.networking.k8s.io', 'pern-app-development')).toEqual([]);
  for (const component of ['backend', 'frontend'] as const) {
    const seen: number[] = [];
    const look = () => {
      const route = store.get('HTTPRoute.gateway.networking.k8s.io', 'pern-app-development', component);
      const weight = route?.spec?.rules?.[0]?.backendRefs?.[1]?.weight ?? 0;
      if (weight !== seen.at(-1)) seen.push(weight);
      return seen.length > 2 && tree.rollout('development', component).status?.phase === 'Healthy';
    };
    tree.release('development', '1.1.0', component);
    expect(simulation.run(look, HOUR_MS), component).toBe(true);
    expect(seen).toEqual(component === 'backend' ? [0, 5, 10, 25, 50, 75, 100, 0] : [0, 10, 25, 50, 75, 100, 0]);
    const application = store.get('Application.argoproj.io', 'argocd', 'pern-app-development');
    expect(application?.status?.sync?.status, 'weights are no drift').toBe('Synced');
  }
});
