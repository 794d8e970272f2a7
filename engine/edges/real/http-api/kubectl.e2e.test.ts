import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { serveEngine } from './testing.ts';

const served = await serveEngine();
const { engine, directory, kubeconfig } = served;

afterAll(async () => {
  await served.close();
  expect(served.faults).toEqual([]);
});

const run = promisify(execFile);
const kubectlVersion = await run('kubectl', ['version', '--client', '-o', 'json']).then(
  ({ stdout }) => stdout,
  () => undefined,
);
if (kubectlVersion === undefined) console.log('kubectl is not on the PATH: its tests are left out');

describe.runIf(kubectlVersion !== undefined)('kubectl', () => {
  const base = ['--kubeconfig', kubeconfig, '--cache-dir', join(directory, 'cache')];
  const kubectl = async (...words: string[]) => (await run('kubectl', [...base, ...words])).stdout;

  const manifest = (image: string) => {
    const path = join(directory, 'web.yaml');
    writeFileSync(
      path,
      `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: c, image: "${image}", env: [{name: A, value: "1"}], ports: [{containerPort: 80}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: canary}
spec: {replicas: 3, strategy: {canary: {steps: [{setWeight: 5}]}}}
`,
    );
    return path;
  };

  it('kubernetes-api/2.1 apply creates, says unchanged, configures; diff shows what would change', async () => {
    expect(await kubectl('apply', '-f', manifest('img:1'))).toBe(
      'deployment.apps/web created\nrollout.argoproj.io/canary created\n',
    );
    expect(await kubectl('apply', '-f', manifest('img:1'))).toBe(
      'deployment.apps/web unchanged\nrollout.argoproj.io/canary unchanged\n',
    );
    const difference = await kubectl('diff', '-f', manifest('img:2')).catch(
      (error: { code: number; stdout: string }) => error.stdout,
    );
    expect(difference).toMatch(/^-.*img:1$/m);
    expect(difference).toMatch(/^\+.*img:2$/m);
    expect(await kubectl('apply', '-f', manifest('img:2'))).toContain('deployment.apps/web configured');
    expect(await kubectl('get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe(
      'img:2',
    );
  });

  it('kubernetes-api/8 get prints the columns of a cluster', async () => {
    expect(await kubectl('get', 'deploy,ro')).toMatch(
      /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\ndeployment.apps\/web +0\/2 +0 +0 +\d+s\n\nNAME +DESIRED +CURRENT +UP-TO-DATE +AVAILABLE +AGE\nrollout.argoproj.io\/canary +3 +0 +0 +0 +\d+s\n/,
    );
    expect(await kubectl('get', 'deploy', 'web', '-o', 'wide')).toMatch(/web +0\/2 +0 +0 +\d+s +c +img:2 +app=web\n/);
    expect(await kubectl('get', 'deploy', 'web', '-o', 'yaml')).toContain('progressDeadlineSeconds: 600');
    expect(await kubectl('describe', 'deploy', 'web')).toContain('StrategyType:           RollingUpdate');
    expect(await kubectl('explain', 'deployment.spec.strategy')).toContain('rollingUpdate');
  });

  it('kubernetes-api/7.3 create sends protobuf: what it makes is what JSON would have made', async () => {
    await kubectl('create', 'deployment', 'made', '--image=img:1', '--replicas=2', '--port=80');
    await kubectl('create', 'configmap', 'made', '--from-literal=a=b');
    await kubectl('create', 'secret', 'generic', 'made', '--from-literal=p=q');
    await kubectl('create', 'ingress', 'made', '--class=nginx', '--rule=host/path*=svc:80');
    await kubectl('create', 'job', 'made', '--image=img:1', '--', 'true');
    expect(engine.store.get('Deployment.apps', 'default', 'made')?.spec).toMatchObject({
      replicas: 2,
      selector: { matchLabels: { app: 'made' } },
      template: { spec: { containers: [{ image: 'img:1', ports: [{ containerPort: 80, protocol: 'TCP' }] }] } },
    });
    expect(engine.store.get('ConfigMap', 'default', 'made')?.data).toEqual({ a: 'b' });
    expect(engine.store.get('Secret', 'default', 'made')?.data).toEqual({ p: 'cQ==' });
    expect(engine.store.get('Ingress.networking.k8s.io', 'default', 'made')?.spec.rules?.[0]?.http?.paths[0]).toEqual({
      path: '/path',
      pathType: 'Prefix',
      backend: { service: { name: 'svc', port: { number: 80 } } },
    });
    expect(await kubectl('auth', 'can-i', 'delete', 'pods')).toBe('yes\n');
    expect(await kubectl('auth', 'whoami')).toMatch(/Username +admin/);
  });

  it('kubernetes-api/2.1 rollout status, wait, scale, label and logs', async () => {
    const status = { observedGeneration: 99, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
    const ref = { kind: 'Deployment.apps', namespace: 'default', name: 'web' };
    const waiting = kubectl('rollout', 'status', 'deploy/web', '--timeout=60s');
    engine.resources.patch(ref, { type: 'merge', patch: { status } }, { subresource: 'status' });
    expect(await waiting).toContain('successfully rolled out');
    expect(await kubectl('wait', '--for=jsonpath={.status.readyReplicas}=2', 'deploy/web', '--timeout=60s')).toContain(
      'condition met',
    );
    expect(await kubectl('scale', 'rollout/canary', '--replicas=5')).toBe('rollout.argoproj.io/canary scaled\n');
    expect(engine.store.get('Rollout.argoproj.io', 'default', 'canary')?.spec.replicas).toBe(5);
    await kubectl('label', 'deploy', 'web', 'tier=front');
    expect(await kubectl('get', 'deploy', '-l', 'tier in (front)', '-o', 'name')).toBe('deployment.apps/web\n');
    await kubectl('run', 'p', '--image=img:1');
    expect(await kubectl('logs', 'p')).toBe('p now 1\np 2\n');
    expect(await kubectl('logs', 'p', '--tail=1', '-f')).toBe('p 2\nfollowed\n');
  });

  it('kubernetes-api/2.1 get -w streams changes as rows', async () => {
    const watching = spawn('kubectl', [
      ...base,
      'get',
      'rollouts',
      '--field-selector=metadata.name=canary',
      '-w',
      '--no-headers',
    ]);
    let output = '';
    const linesOf = (text: string) => text.split('\n').slice(0, -1);
    const { promise, resolve } = Promise.withResolvers<void>();
    watching.stdout.on('data', (chunk: Buffer) => {
      const before = linesOf(output).length;
      output += chunk.toString('utf8');
      const ref = { kind: 'Rollout.argoproj.io', namespace: 'default', name: 'canary' };
      const count = linesOf(output).length;
      if (before === 0 && count > 0) engine.resources.patch(ref, { type: 'merge', patch: { spec: { replicas: 7 } } });
      if (count > 1) resolve();
    });
    await promise;
    watching.kill();
    expect(linesOf(output).map((line) => line.split(/\s+/).slice(0, 2))).toEqual([
      ['canary', '5'],
      ['canary', '7'],
    ]);
  });

  it('kubernetes-api/10 delete waits until an object with a finalizer is gone', async () => {
    const metadata = { name: 'held', namespace: 'default', finalizers: ['example.com/hold'] };
    engine.resources.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
    const { promise, resolve } = Promise.withResolvers<void>();
    const unsubscribe = engine.store.subscribe(({ object }) => {
      if (object.metadata.name === 'held' && object.metadata.deletionTimestamp !== undefined) resolve();
    });
    const deleting = kubectl('delete', 'configmap', 'held');
    await promise;
    unsubscribe();
    engine.resources.patch(
      { kind: 'ConfigMap', namespace: 'default', name: 'held' },
      { type: 'merge', patch: { metadata: { finalizers: null } } },
    );
    expect(await deleting).toContain('configmap "held" deleted');
    expect(await kubectl('delete', '-f', manifest('img:2'))).toContain('deployment.apps "web" deleted');
    await expect(kubectl('get', 'deploy', 'web')).rejects.toThrow('deployments.apps "web" not found');
  });

  it('kubernetes-api/2.1 refuses unknown fields of a manifest by name', async () => {
    const path = join(directory, 'bad.yaml');
    writeFileSync(
      path,
      'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}], selectors: {a: b}}\n',
    );
    await expect(kubectl('apply', '-f', path)).rejects.toThrow('unknown field "spec.selectors"');
  });
});
