import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { probeIsolation } from './isolation.ts';
import { createPod, installImage, logOf, type NodeWorld, readyIn, startWorld } from './testing.ts';

const SERVER = `
const http = require('node:http');
const fs = require('node:fs');
console.log(JSON.stringify({ uid: process.getuid(), greeting: process.env.GREETING, file: fs.readFileSync(process.env.CONF + '/greeting.txt', 'utf8') }));
const server = http.createServer((request, response) => response.end('hello'));
server.listen(8080, () => console.log('listening'));
process.on('SIGTERM', () => { console.log('terminating'); server.close(() => process.exit(0)); });
`;
/** Answers with the address of the name in the path, and the content of the file named by its argument. */
const RESOLVER = `
const dns = require('node:dns');
const fs = require('node:fs');
require('node:http').createServer((request, response) => {
  dns.lookup(request.url.slice(1), (error, address) => response.end((error ? error.code : address) + ' ' + fs.readFileSync(process.argv[2], 'utf8')));
}).listen(8080, '0.0.0.0');
`;
/** Says that it is sick when asked, by a file; a new run is well again. */
const SICK = `
const fs = require('node:fs');
const flag = process.env.FLAGS + '/sick';
fs.rmSync(flag, { force: true });
process.on('SIGTERM', () => process.exit(143));
require('node:http').createServer((request, response) => {
  fs.writeFileSync(flag, '');
  response.end('sick now');
}).listen({ port: 8080 });
`;
const IMAGE = { User: '10001', WorkingDir: '/app', Entrypoint: ['node'], Cmd: ['server.js'] };

const worlds: NodeWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.remove();
});

function world(...args: Parameters<typeof startWorld>): NodeWorld {
  const started = startWorld(...args);
  worlds.push(started);
  return started;
}

const modes = probeIsolation() === 'bubblewrap' ? (['bubblewrap', 'process'] as const) : (['process'] as const);

describe.each(modes)('a pod in %s mode', (mode) => {
  it('starts with its environment and volumes, gets ready by its probe, and ends on SIGTERM', async () => {
    const w = world(mode);
    await installImage(w, 'app:1', IMAGE, { 'app/server.js': SERVER });
    const { engine } = w;
    engine.resources.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'conf', namespace: 'shop' },
      data: { 'greeting.txt': 'from a file', greeting: 'from a variable' },
    });
    createPod(w, 'web', {
      terminationGracePeriodSeconds: 10,
      securityContext: { runAsNonRoot: true },
      containers: [
        {
          name: 'web',
          image: 'app:1',
          env: [
            { name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'conf', key: 'greeting' } } },
            { name: 'CONF', value: '/etc/conf' },
          ],
          ports: [{ name: 'http', containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
          securityContext: { readOnlyRootFilesystem: true },
          volumeMounts: [{ name: 'conf', mountPath: '/etc/conf' }],
        },
      ],
      volumes: [{ name: 'conf', configMap: { name: 'conf' } }],
    });
    const pod = await w.pod('web', readyIn);
    expect(await (await fetch(`http://${pod.status?.podIP}:8080/`)).text()).toBe('hello');
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({ ready: true, started: true, restartCount: 0 });
    engine.resources.delete({ kind: 'Pod', namespace: 'shop', name: 'web' });
    await w.gone('web');
    const log = (await logOf(w, pod.metadata.uid, 'web')).trim().split('\n');
    const uid = process.getuid?.() === 0 || mode === 'bubblewrap' ? 10001 : process.getuid?.();
    expect(JSON.parse(log[0] as string)).toEqual({ uid, greeting: 'from a variable', file: 'from a file' });
    expect(log.slice(1)).toEqual(['listening', 'terminating']);
    expect(w.node.sandboxes()).toEqual([]);
  });

  it('cluster names resolve from the namespace file and follow its changes; new ConfigMap content reaches the files', async () => {
    const w = world(mode);
    const names = join(w.state, 'names', 'shop.hosts');
    await installImage(w, 'app:1', IMAGE, { 'app/server.js': RESOLVER });
    const metadata = { name: 'conf', namespace: 'shop' };
    w.engine.resources.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { word: 'old' } });
    writeFileSync(names, '127.0.0.1 localhost\n127.9.9.1 postgres postgres.shop.svc.cluster.local\n');
    createPod(w, 'web', {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'web',
          image: 'app:1',
          args: ['server.js', '/etc/conf/word'],
          readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          volumeMounts: [{ name: 'conf', mountPath: '/etc/conf' }],
        },
      ],
      volumes: [{ name: 'conf', configMap: { name: 'conf' } }],
    });
    const pod = await w.pod('web', readyIn);
    const ask = async (path: string) => (await fetch(`http://${pod.status?.podIP}:8080/${path}`)).text();
    expect(await ask('postgres.shop.svc.cluster.local')).toBe('127.9.9.1 old');
    writeFileSync(`${names}.new`, '127.0.0.1 localhost\n127.9.9.22 postgres\n');
    renameSync(`${names}.new`, names);
    w.engine.resources.patch(
      { kind: 'ConfigMap', namespace: 'shop', name: 'conf' },
      { type: 'merge', patch: { data: { word: 'new' } } },
    );
    await new Promise<void>((resolve) => w.node.onChange(() => resolve()));
    expect(await ask('postgres')).toBe('127.9.9.22 new');
  });

  it('liveness by exec restarts a container that turns sick', async () => {
    const w = world(mode);
    await installImage(w, 'app:1', IMAGE, { 'app/server.js': SICK });
    createPod(w, 'web', {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'web',
          image: 'app:1',
          env: [{ name: 'FLAGS', value: '/flags' }],
          readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          livenessProbe: {
            exec: { command: ['test', '!', '-e', '/flags/sick'] },
            initialDelaySeconds: 1,
            periodSeconds: 1,
            failureThreshold: 1,
            timeoutSeconds: 5,
          },
          volumeMounts: [{ name: 'flags', mountPath: '/flags' }],
        },
      ],
      volumes: [{ name: 'flags', emptyDir: {} }],
    });
    const pod = await w.pod('web', readyIn);
    expect(await (await fetch(`http://${pod.status?.podIP}:8080/`)).text()).toBe('sick now');
    const again = await w.pod('web', (p) => p.status?.containerStatuses?.[0]?.restartCount === 1 && readyIn(p));
    expect(again.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(143);
    const events = w.engine.store.list('Event', 'shop').map(({ message }) => message);
    expect(events).toContain('Container web failed liveness probe, will be restarted');
  });
});
