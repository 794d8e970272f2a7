import { statSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveEngine } from './testing.ts';

const served = await serveEngine();
const { engine, directory, port, token, ca } = served;
const config = new KubeConfig();
config.loadFromFile(served.kubeconfig);

afterAll(async () => {
  await served.close();
  expect(served.faults).toEqual([]);
});

interface RawAnswer {
  code: number;
  type: string;
  body: string;
  warning: string | undefined;
}

function send(
  method: string,
  path: string,
  options: { body?: string | Buffer; headers?: Record<string, string>; token?: string } = {},
): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const bearer = options.token ?? token;
  const authorization: Record<string, string> = bearer === '' ? {} : { authorization: `Bearer ${bearer}` };
  const request = httpsRequest(
    { host: '127.0.0.1', port, ca, method, path, headers: { ...authorization, ...options.headers } },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { 'content-type': type = '', warning } = response.headers;
        resolve({ code: response.statusCode ?? 0, type, warning, body: Buffer.concat(chunks).toString('utf8') });
      });
    },
  );
  request.on('error', reject);
  request.end(options.body);
  return promise;
}

const json = { 'content-type': 'application/json' };
const configMaps = '/api/v1/namespaces/default/configmaps';

function statusOf(answer: RawAnswer): { code: number; reason: string; message: string; kind: string } {
  return JSON.parse(answer.body) as { code: number; reason: string; message: string; kind: string };
}

describe('the door', () => {
  it('keeps its secrets to its owner', () => {
    for (const file of ['server.json', 'token', 'kubeconfig']) {
      expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
    }
  });

  it('asks for the token everywhere but at health checks', async () => {
    for (const path of ['/livez', '/readyz', '/healthz']) {
      expect(await send('GET', path, { token: '' })).toMatchObject({ code: 200, body: 'ok' });
    }
    for (const path of ['/version', '/api', configMaps, '/extra', '/openapi/v3', '/nowhere']) {
      for (const wrong of ['', 'x'.repeat(64), `${token}0`]) {
        const answer = await send('GET', path, { token: wrong });
        expect(statusOf(answer)).toMatchObject({ kind: 'Status', code: 401, reason: 'Unauthorized' });
      }
    }
    expect((await send('GET', '/extra')).body).toBe('extra');
  });

  it.each<[string, string, Parameters<typeof send>[2], number]>([
    ['POST', configMaps, { headers: json, body: '{"metadata":' }, 400],
    ['POST', configMaps, { headers: json, body: '[]' }, 400],
    ['POST', configMaps, { headers: json, body: 'null' }, 400],
    ['POST', configMaps, { headers: json, body: '{"metadata":"x"}' }, 400],
    ['POST', configMaps, { headers: json, body: '{"metadata":{"name":7}}' }, 400],
    ['POST', configMaps, { headers: json, body: '{"kind":"Pod","apiVersion":"v1"}' }, 400],
    ['POST', configMaps, { headers: { 'content-type': 'application/yaml' }, body: 'a: [' }, 400],
    ['POST', configMaps, { headers: { 'content-type': 'text/html' }, body: '<p>' }, 415],
    ['POST', configMaps, { headers: { 'content-type': 'application/vnd.kubernetes.protobuf' }, body: 'k8s\0abc' }, 415],
    ['POST', configMaps, { headers: json, body: '{"metadata":{"name":"a","namespace":"other"}}' }, 400],
    ['POST', '/api/v1/namespaces/nowhere/configmaps', { headers: json, body: '{"metadata":{"name":"a"}}' }, 404],
    ['POST', `${configMaps}?dryRun=Some`, { headers: json, body: '{"metadata":{"name":"a"}}' }, 422],
    ['POST', configMaps, { headers: json, body: Buffer.alloc(3 * 1024 * 1024 + 1, 0x20) }, 413],
    ['PUT', `${configMaps}/a`, { headers: json, body: '{"metadata":{"name":"b"}}' }, 400],
    ['PUT', `${configMaps}/a`, { headers: json, body: '{"metadata":{"name":"a"}}' }, 404],
    ['PATCH', `${configMaps}/a`, { headers: json, body: '{}' }, 415],
    [
      'PATCH',
      `${configMaps}/a`,
      { headers: { 'content-type': 'application/json-patch+json' }, body: '[{"op":"x"}]' },
      400,
    ],
    ['PATCH', `${configMaps}/a`, { headers: { 'content-type': 'application/apply-patch+yaml' }, body: '{}' }, 415],
    ['DELETE', `${configMaps}/a?propagationPolicy=Some`, {}, 422],
    ['GET', `${configMaps}?labelSelector=a%20in%20b`, {}, 400],
    ['GET', `${configMaps}?limit=many`, {}, 400],
    ['GET', `${configMaps}?continue=zzz`, {}, 400],
    ['GET', `${configMaps}?watch=true&sendInitialEvents=true`, {}, 422],
    ['GET', '/api/v1/namespaces/default/unknowns', {}, 404],
    ['GET', '/apis/example.com/v1/widgets', {}, 404],
    ['GET', '/api/v1/%zz', {}, 400],
    ['GET', '/nowhere', {}, 404],
    ['PROPFIND', configMaps, {}, 405],
    ['POST', '/version', {}, 405],
    ['GET', configMaps, { headers: { accept: 'application/vnd.kubernetes.protobuf' } }, 406],
  ])('kubernetes-api/6 %s %s is refused with a Status: %#', async (method, path, options, code) => {
    const answer = await send(method, path, options);
    expect({ answer: statusOf(answer), code: answer.code }).toMatchObject({ answer: { kind: 'Status', code }, code });
  });

  it('kubernetes-api/2.1 warns of unknown fields, refuses them when strict', async () => {
    const body = '{"metadata":{"name":"odd"},"data":{"a":"b"},"extra":1}';
    expect(statusOf(await send('POST', `${configMaps}?fieldValidation=Strict`, { headers: json, body })).message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "extra"',
    );
    const created = await send('POST', `${configMaps}?dryRun=All`, { headers: json, body });
    expect(created.code).toBe(201);
    expect(JSON.parse(created.body)).not.toHaveProperty('extra');
    expect((await send('GET', `${configMaps}/odd`)).code).toBe(404);
  });
});

describe('lists and watches', () => {
  beforeAll(() => {
    engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'pages' } });
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const metadata = { name, namespace: 'pages', labels: { odd: String(['a', 'c', 'e'].includes(name)) } };
      engine.resources.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
    }
  });

  it('kubernetes-api/9.4 pages show one snapshot', async () => {
    const path = '/api/v1/namespaces/pages/configmaps';
    type List = {
      items: { metadata: { name: string } }[];
      metadata: { continue?: string; remainingItemCount?: number; resourceVersion: string };
    };
    const first = JSON.parse((await send('GET', `${path}?limit=2`)).body) as List;
    expect(first.metadata.remainingItemCount).toBe(3);
    engine.resources.delete({ kind: 'ConfigMap', namespace: 'pages', name: 'd' });
    const next = JSON.parse((await send('GET', `${path}?limit=9&continue=${first.metadata.continue}`)).body) as List;
    expect([...first.items, ...next.items].map((item) => item.metadata.name)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(next.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
    expect(statusOf(await send('GET', `${path}?continue=${first.metadata.continue}`))).toMatchObject({
      code: 410,
      reason: 'Expired',
    });
  });

  it('kubernetes-api/9.2 a selector turns changes into ADDED and DELETED', async () => {
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = new Watch(config);
    const options = { labelSelector: 'odd=true', resourceVersion: String(engine.store.resourceVersion) };
    const ended = Promise.withResolvers<void>();
    const abort = await watch.watch(
      '/api/v1/namespaces/pages/configmaps',
      options,
      (type, object: V1ConfigMap) => {
        seen.push(`${type} ${object.metadata?.name}`);
        if (seen.length === 3) resolve();
      },
      () => ended.resolve(),
    );
    const relabel = (name: string, odd: string) =>
      engine.resources.patch(
        { kind: 'ConfigMap', namespace: 'pages', name },
        { type: 'merge', patch: { metadata: { labels: { odd } } } },
      );
    relabel('b', 'true');
    relabel('b', 'false');
    engine.resources.delete({ kind: 'ConfigMap', namespace: 'pages', name: 'a' });
    await promise;
    abort.abort();
    await ended.promise;
    expect(seen).toEqual(['ADDED b', 'DELETED b', 'DELETED a']);
  });

  it('kubernetes-api/9.2 WatchList: the present state, a bookmark, and the end after timeoutSeconds', async () => {
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1';
    const { body } = await send('GET', `/api/v1/namespaces?${query}`);
    const events = body
      .trim()
      .split('\n')
      .map(
        (line) => JSON.parse(line) as { type: string; object: { metadata: { annotations?: Record<string, string> } } },
      );
    expect(events.map((event) => event.type)).toEqual(['ADDED', 'ADDED', 'BOOKMARK']);
    expect(events.at(-1)?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });

  it('kubernetes-api/9.3 a watch from a version that is no longer held gets one ERROR event', async () => {
    for (let round = 0; round < 8300; round++) {
      const patch = { data: { round: String(round) } };
      engine.resources.patch({ kind: 'ConfigMap', namespace: 'pages', name: 'e' }, { type: 'merge', patch });
    }
    const { code, body } = await send('GET', '/api/v1/configmaps?watch=true&resourceVersion=1');
    expect(code).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
  });
});

describe('@kubernetes/client-node', () => {
  it('creates, patches in every form, scales and deletes', async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const labels = { app: 'node' };
    const namespace = 'default';
    const spec = {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
    };
    const created = await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: 'node' }, spec } });
    expect(created.spec?.strategy?.type).toBe('RollingUpdate');
    const name = 'node';
    const strategic = { spec: { template: { spec: { containers: [{ name: 'side', image: 's:1' }] } } } };
    const patched = await apps.patchNamespacedDeployment(
      { namespace, name, body: strategic },
      setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
    );
    expect(patched.spec?.template.spec?.containers.map((container) => container.name)).toEqual(['c', 'side']);
    const merged = await apps.patchNamespacedDeployment(
      { namespace, name, body: { spec: { paused: true } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    expect(merged.spec?.paused).toBe(true);
    await apps.patchNamespacedDeployment({ namespace, name, body: [{ op: 'remove', path: '/spec/paused' }] });
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name });
    await apps.replaceNamespacedDeploymentScale({ namespace, name, body: { ...scale, spec: { replicas: 4 } } });
    expect((await apps.readNamespacedDeployment({ namespace, name })).spec?.replicas).toBe(4);
    await apps.deleteNamespacedDeployment({ namespace, name });
    await expect(apps.readNamespacedDeployment({ namespace, name })).rejects.toMatchObject({ code: 404 });
  });

  it('kubernetes-api/4.4 /status of a custom resource takes the status alone', async () => {
    const custom = config.makeApiClient(CustomObjectsApi);
    const at = { group: 'argoproj.io', version: 'v1alpha1', namespace: 'default', plural: 'rollouts' };
    const rollout = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'r' },
      spec: { replicas: 1 },
    };
    await custom.createNamespacedCustomObject({ ...at, body: rollout });
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    const body = { spec: { replicas: 9 }, status: { phase: 'Healthy' } };
    await custom.patchNamespacedCustomObjectStatus({ ...at, name: 'r', body }, merge);
    expect(await custom.getNamespacedCustomObject({ ...at, name: 'r' })).toMatchObject({
      metadata: { generation: 1 },
      spec: { replicas: 1 },
      status: { phase: 'Healthy' },
    });
  });

  it('follows objects with an informer', async () => {
    const core = config.makeApiClient(CoreV1Api);
    engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'informed' } });
    const namespace = 'informed';
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'first' } } });
    const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    );
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const event of ['add', 'update', 'delete'] as const) {
      informer.on(event, (object) => {
        seen.push(`${event} ${object.metadata?.name}`);
        if (seen.length === 4) resolve();
      });
    }
    await informer.start();
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'second' } } });
    await core.replaceNamespacedConfigMap({
      namespace,
      name: 'second',
      body: { metadata: { name: 'second' }, data: { a: 'b' } },
    });
    await core.deleteNamespacedConfigMap({ namespace, name: 'first' });
    await promise;
    await informer.stop();
    expect(seen).toEqual(['add first', 'add second', 'update second', 'delete first']);
  });
});

describe('the policies of a namespace', () => {
  const home = '/api/v1/namespaces/guarded';
  const pod = (name: string) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { hostNetwork: true, containers: [{ name: 'web', image: 'i' }] },
    });
  const label = (level: string) =>
    send('PATCH', home, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } } }),
    });

  it('warn of what is taken, and refuse by Pod Security and quota', async () => {
    engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'guarded' } });
    expect(await send('POST', `${home}/pods`, { headers: json, body: pod('first') })).toMatchObject({ code: 201 });
    const guarded = await label('baseline');
    expect(guarded.warning).toContain('violate the new PodSecurity enforce level \\"baseline:latest\\"');
    expect(guarded.warning).toContain('first: host namespaces');
    const refused = await send('POST', `${home}/pods`, { headers: json, body: pod('second') });
    expect([refused.code, JSON.parse(refused.body).message]).toEqual([
      403,
      'pods "second" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
    ]);
    const template = JSON.parse(pod('web'));
    const deployment = {
      metadata: { name: 'web' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: template.spec },
      },
    };
    const workload = await send('POST', '/apis/apps/v1/namespaces/guarded/deployments', {
      headers: json,
      body: JSON.stringify(deployment),
    });
    expect(workload.code).toBe(201);
    expect(workload.warning).toContain('would violate PodSecurity');
    await label('privileged');
    const quota = { metadata: { name: 'few' }, spec: { hard: { pods: '1' } } };
    await send('POST', `${home}/resourcequotas`, { headers: json, body: JSON.stringify(quota) });
    const full = await send('POST', `${home}/pods`, { headers: json, body: pod('third') });
    expect([full.code, JSON.parse(full.body).message]).toEqual([
      403,
      'pods "third" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1',
    ]);
  });
});
