import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, expect, it } from 'vitest';
import type { Controller } from '#control/controller.ts';
import { machineEntropy, machineIds } from '#edges/real/machine-entropy.ts';
import { machineTime } from '#edges/real/machine-time.ts';
import { openTraffic } from '#edges/real/traffic/traffic-port.ts';
import type { Manifest } from '#kube/object.ts';
import { volatileJournal } from '#store/journal.ts';
import { temporaryFolder } from '../../../../cli/testing/temporary-folder.ts';
import { Engine } from '../../../host/engine.ts';
import { ingressController } from '../ingress/controller.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(text: string): Promise<number> {
  const server = createServer((_request, response) => void response.end(text));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A Service with one real server behind it. */
async function service(name: string): Promise<Manifest[]> {
  const metadata = { name, namespace: 'shop' };
  const slice = { ...metadata, labels: { 'kubernetes.io/service-name': name } };
  const ports = [{ name: '', port: await serve(name) }];
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: slice,
      addressType: 'IPv4',
      ports,
      endpoints: [{ addresses: ['127.0.0.1'] }],
    },
  ] as Manifest[];
}

const rules = (stable: number, canary: number) => [
  {
    backendRefs: [
      { name: 'stable', port: 80, weight: stable },
      { name: 'canary', port: 80, weight: canary },
    ],
  },
];

it('a weight that is written into an HTTPRoute holds for the next request, and its status says that it is served', async () => {
  const folder = temporaryFolder('pern-gateway-');
  const traffic = openTraffic({
    entropy: machineEntropy,
    ids: machineIds,
    namesFolder: join(folder, 'names'),
    onProblem: () => {},
  });
  const port = await traffic.ingress.listen(0);
  const nothing = () => {};
  const none = () => nothing;
  const engine = new Engine({
    scheduler: machineTime,
    ids: machineIds,
    entropy: machineEntropy,
    journal: volatileJournal,
    admission: { admit: (object) => object },
    machine: {
      node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer: none },
      traffic,
      metrics: { setScrapes: nothing, answer: none },
      source: { answer: none },
    },
    controllers: [ingressController({ ingressClass: 'nginx', address: '127.0.0.1' })] as unknown as Controller<never>[],
  });
  cleanups.push(
    () => traffic.close(),
    () => engine.stop(),
  );
  const gatewayApi = 'gateway.networking.k8s.io/v1';
  engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const manifests: Manifest[] = [
    ...(await service('stable')),
    ...(await service('canary')),
    {
      apiVersion: gatewayApi,
      kind: 'Gateway',
      metadata: { name: 'main', namespace: 'shop' },
      spec: { gatewayClassName: 'any', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    },
    {
      apiVersion: gatewayApi,
      kind: 'HTTPRoute',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { parentRefs: [{ name: 'main' }], rules: rules(100, 0) },
    },
  ];
  for (const manifest of manifests) engine.resources.create(manifest);
  engine.start();
  const settled = async () => {
    do await new Promise((resolve) => setImmediate(resolve));
    while (!engine.loop.idle);
  };
  const ask = async () => (await request(`http://127.0.0.1:${port}/`)).body.text();
  const target = { kind: 'HTTPRoute.gateway.networking.k8s.io', namespace: 'shop', name: 'web' };
  const setWeights = async (stable: number, canary: number) => {
    engine.resources.patch(target, { type: 'merge', patch: { spec: { rules: rules(stable, canary) } } });
    await settled();
  };
  await settled();
  expect(await ask()).toBe('stable');
  await setWeights(0, 100);
  expect(await ask()).toBe('canary');
  await setWeights(50, 50);
  const answers = await Promise.all(Array.from({ length: 40 }, ask));
  expect(answers.filter((answer) => answer === 'canary').length).toBeGreaterThanOrEqual(19);
  expect(engine.resources.get(target)).toMatchObject({
    status: { parents: [{ conditions: [{ type: 'Accepted', status: 'True', observedGeneration: 3 }, {}] }] },
  });
});
