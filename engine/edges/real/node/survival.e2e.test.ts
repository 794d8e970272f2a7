import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openSqliteJournal } from '../sqlite-journal.ts';
import { probeIsolation } from './isolation.ts';
import { markedProcesses, signal } from './processes.ts';
import { createPod, installImage, logOf, type NodeWorld, newState, readyIn, startWorld } from './testing.ts';

const IMAGE = { User: '10001', WorkingDir: '/app', Entrypoint: ['node'], Cmd: ['server.js'] };
/** Answers with the number of the run: a random number drawn at its start. */
const SERVER = `
const run = String(Math.random());
require('node:http').createServer((request, response) => response.end(run)).listen(8080);
console.log('run', run);
`;
/** Does not end on SIGTERM, and has a child that left its session and group. */
const STUBBORN = `
process.on('SIGTERM', () => console.log('no'));
require('node:child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
require('node:http').createServer((request, response) => response.end()).listen(8080);
`;
const HUNGRY = `
const hold = [];
setInterval(() => hold.push(Buffer.alloc(32 * 1024 * 1024, 1)), 50);
`;
const FILES = { 'app/server.js': SERVER, 'app/stubborn.js': STUBBORN, 'app/hungry.js': HUNGRY };
const PROBED = {
  name: 'c',
  image: 'app:1',
  ports: [{ name: 'http', containerPort: 8080 }],
  startupProbe: { httpGet: { port: 'http' }, periodSeconds: 1, failureThreshold: 30 },
  readinessProbe: { httpGet: { port: 'http' }, periodSeconds: 1 },
};

const worlds: NodeWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0).reverse()) await world.remove();
});

async function start(mode: 'bubblewrap' | 'process', state = newState()): Promise<NodeWorld> {
  const world = startWorld(mode, state, openSqliteJournal(join(state, 'objects.db')));
  worlds.push(world);
  await installImage(world, 'app:1', IMAGE, FILES);
  return world;
}

/** Drops the engine without stopping anything, as kill -9 would. */
function drop(world: NodeWorld): string {
  world.drop();
  worlds.splice(worlds.indexOf(world), 1);
  return world.state;
}

function processesOfPod(uid: string): number[] {
  return [...markedProcesses()].filter(([mark]) => mark.startsWith(`${uid}/`)).flatMap(([, pids]) => pids);
}

const ask = async (ip: string | undefined) => (await fetch(`http://${ip}:8080/`)).text();
const modes = probeIsolation() === 'bubblewrap' ? (['bubblewrap', 'process'] as const) : (['process'] as const);

describe.each(modes)('in %s mode', (mode) => {
  it('a pod survives the end of the engine: same run, never unready, nothing doubled', async () => {
    const first = await start(mode);
    createPod(first, 'web', { containers: [PROBED] });
    const before = await first.pod('web', readyIn);
    const run = await ask(before.status?.podIP);
    const count = processesOfPod(before.metadata.uid).length;
    const second = await start(mode, drop(first));
    const wasReady: boolean[] = [];
    second.engine.store.subscribe(({ object }) => {
      if (object.kind === 'Pod') wasReady.push(readyIn(object as never));
    });
    second.engine.resources.patch(
      { kind: 'Pod', namespace: 'shop', name: 'web' },
      { type: 'merge', patch: { metadata: { annotations: { looked: 'again' } } } },
    );
    const verdict = new Promise<void>((resolve) => {
      second.node.onChange((uid) => {
        if (second.node.sandbox(uid)?.containers.c?.probes.readiness?.result === 'success') resolve();
      });
    });
    await verdict;
    const after = await second.pod('web', readyIn);
    expect(wasReady).not.toContain(false);
    expect(after.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 0,
      containerID: before.status?.containerStatuses?.[0]?.containerID,
    });
    expect(await ask(after.status?.podIP)).toBe(run);
    expect(processesOfPod(after.metadata.uid).length).toBe(count);
  });

  it('a container that died while the engine was away is started again once', async () => {
    const first = await start(mode);
    createPod(first, 'web', { containers: [PROBED] });
    const before = await first.pod('web', readyIn);
    const run = await ask(before.status?.podIP);
    const state = drop(first);
    for (const pid of processesOfPod(before.metadata.uid)) signal(pid, 'SIGKILL');
    const second = await start(mode, state);
    const after = await second.pod(
      'web',
      (pod) => pod.status?.containerStatuses?.[0]?.restartCount === 1 && readyIn(pod),
    );
    expect(await ask(after.status?.podIP)).not.toBe(run);
    expect(after.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137);
    expect(await logOf(second, after.metadata.uid, 'c', { previous: true })).toContain(run);
  });

  it('a container that ignores SIGTERM is killed at the end of the grace period, with all its children', async () => {
    const w = await start(mode);
    createPod(w, 'web', { terminationGracePeriodSeconds: 1, containers: [{ ...PROBED, args: ['stubborn.js'] }] });
    const pod = await w.pod('web', readyIn);
    const { uid } = pod.metadata;
    expect(processesOfPod(uid).length).toBeGreaterThan(1);
    const deletedAtMs = Date.now();
    w.engine.resources.delete({ kind: 'Pod', namespace: 'shop', name: 'web' });
    const stopped = await w.pod('web', ({ status }) => status?.containerStatuses?.[0]?.state?.terminated !== undefined);
    const end = w.node.sandbox(uid)?.containers.c?.finishedAtMs ?? Date.now();
    expect(stopped.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137);
    expect(end - deletedAtMs).toBeGreaterThanOrEqual(950);
    await w.gone('web');
    expect(await logOf(w, uid, 'c')).toBe('no\n');
    expect(processesOfPod(uid)).toEqual([]);
  });

  it('a container beyond its memory limit is OOMKilled', async () => {
    const w = await start(mode);
    createPod(w, 'web', {
      restartPolicy: 'Never',
      containers: [{ name: 'c', image: 'app:1', args: ['hungry.js'], resources: { limits: { memory: '96Mi' } } }],
    });
    const pod = await w.pod('web', ({ status }) => status?.phase === 'Failed');
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });

  it('shutdown stops every pod and leaves no process', async () => {
    const w = await start(mode);
    for (const name of ['one', 'two']) createPod(w, name, { containers: [{ ...PROBED, args: ['stubborn.js'] }] });
    const pods = [await w.pod('one', readyIn), await w.pod('two', readyIn)];
    const follow = logOf(w, pods[0]?.metadata.uid ?? '', 'c', { follow: true });
    w.engine.stop();
    await w.node.shutdown({ graceMs: 200 });
    expect(await follow).toBe('no\n');
    for (const pod of pods) expect(processesOfPod(pod.metadata.uid)).toEqual([]);
  });

  it('a program that does not exist is a StartError that names it', async () => {
    const w = await start(mode);
    createPod(w, 'web', { restartPolicy: 'Never', containers: [{ name: 'c', image: 'app:1', command: ['nonsense'] }] });
    const pod = await w.pod('web', ({ status }) => status?.phase === 'Failed');
    const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
    expect(`${ended?.message} ${await logOf(w, pod.metadata.uid, 'c').catch(() => '')}`).toContain('nonsense');
  });
});
