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
});
