import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { probeIsolation } from './isolation.ts';
import { createPod, logOf, type NodeWorld, readyIn, startWorld } from './testing.ts';

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
const SECURITY = { runAsNonRoot: true, runAsUser: 999, runAsGroup: 999, fsGroup: 999 };
const READ_ONLY = { readOnlyRootFilesystem: true };

function createClaim(w: NodeWorld): void {
  const metadata = { name: 'data', namespace: 'shop' };
  w.engine.resources.create({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: {} });
}

function createPostgres(w: NodeWorld, name: string) {
  return createPod(w, name, {
    securityContext: SECURITY,
    terminationGracePeriodSeconds: 60,
    containers: [
      {
        name: 'postgres',
        image: 'postgres:18.4',
        env: [
          { name: 'POSTGRES_USER', value: 'shop' },
          { name: 'POSTGRES_PASSWORD', value: 'secret "quoted"' },
          { name: 'POSTGRES_DB', value: 'articles' },
          { name: 'PGDATA', value: '/var/lib/postgresql/18/docker' },
        ],
        ports: [{ name: 'postgres', containerPort: 5432 }],
        startupProbe: { tcpSocket: { port: 'postgres' }, periodSeconds: 1, failureThreshold: 120 },
        readinessProbe: { exec: { command: ['pg_isready', '-q'] }, periodSeconds: 1, timeoutSeconds: 5 },
        securityContext: READ_ONLY,
        volumeMounts: [
          { name: 'data', mountPath: '/var/lib/postgresql' },
          { name: 'run', mountPath: '/var/run/postgresql' },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'run', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
    ],
  });
}

async function query(host: string, password: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ host, user: 'shop', database: 'articles', password });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

describe.each(modes)('built-in images in %s mode', (mode) => {
  it('PostgreSQL keeps the contract of the official image, and its data outlives the pod', async () => {
    const w = world(mode);
    createClaim(w);
    createPostgres(w, 'first');
    const first = await w.pod('first', readyIn);
    const host = first.status?.podIP ?? '';
    await query(host, 'secret "quoted"', 'CREATE TABLE notes AS SELECT 42 AS answer');
    await expect(query(host, 'wrong', 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    w.engine.resources.delete({ kind: 'Pod', namespace: 'shop', name: 'first' });
    const stopped = await w.pod('first', (pod) => pod.status?.containerStatuses?.[0]?.state?.terminated !== undefined);
    expect(stopped.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
    await w.gone('first');
    expect(await logOf(w, first.metadata.uid, 'postgres')).toContain('received fast shutdown request');
    createPostgres(w, 'second');
    const second = await w.pod('second', readyIn);
    expect(await query(second.status?.podIP ?? '', 'secret "quoted"', 'SELECT answer FROM notes')).toEqual([
      { answer: 42 },
    ]);
    const usage = w.node.usage(second.metadata.uid, 'postgres');
    expect(usage?.memoryBytes).toBeGreaterThan(1_000_000);
    expect(usage?.memoryBytes).toBeLessThan(512 * 2 ** 20);
  });

  it('a first start without a password says what is missing', async () => {
    const w = world(mode);
    createPod(w, 'bare', {
      restartPolicy: 'Never',
      securityContext: SECURITY,
      containers: [
        { name: 'postgres', image: 'postgres:18', volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql' }] },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    });
    const pod = await w.pod('bare', ({ status }) => status?.phase === 'Failed');
    expect(await logOf(w, pod.metadata.uid, 'postgres')).toContain('superuser password is not specified');
  });
});

const hasRedis = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'].some(
  existsSync,
);

it.runIf(hasRedis).each(modes)('Redis takes its flags and answers on the pod address in %s mode', async (mode) => {
  const w = world(mode);
  createPod(w, 'redis', {
    securityContext: SECURITY,
    containers: [
      {
        name: 'redis',
        image: 'redis:7.0',
        args: ['--maxmemory', '32mb', '--save', '', '--appendonly', 'yes'],
        ports: [{ name: 'redis', containerPort: 6379 }],
        readinessProbe: { tcpSocket: { port: 'redis' }, periodSeconds: 1 },
        securityContext: READ_ONLY,
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
  });
  const pod = await w.pod('redis', readyIn);
  const socket = connect({ host: pod.status?.podIP, port: 6379 });
  socket.write('SET greeting hello\r\nGET greeting\r\nCONFIG GET maxmemory\r\nQUIT\r\n');
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toContain('hello');
  expect(answer).toContain('33554432');
});
