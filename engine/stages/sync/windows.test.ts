import { describe, expect, it } from 'vitest';
import type { SyncWindow } from './app-project/sync-window.ts';
import { configMap, REPOSITORY, SyncWorld, shopApplication } from './testing/simulated-world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The clock stands at Monday, 5 January 2026, 09:00 UTC. */
function worldWith(syncWindows: SyncWindow[], spec: Record<string, unknown> = {}): SyncWorld {
  const world = new SyncWorld();
  world.create({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'governed', namespace: 'argocd' },
    spec: {
      sourceRepos: ['*'],
      destinations: [{ server: '*', namespace: '*' }],
      clusterResourceWhitelist: [{ group: '*', kind: '*' }],
      syncWindows,
    },
  });
  world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '1') });
  world.create(shopApplication({ project: 'governed', ...spec }));
  world.run();
  return world;
}

const window = (kind: string, schedule: string, duration: string, more: SyncWindow = {}): SyncWindow => ({
  kind,
  schedule,
  duration,
  applications: ['*'],
  ...more,
});

const dataOf = (world: SyncWorld) => (world.get('ConfigMap', 'a')?.data as { value?: string } | undefined)?.value;
const operationOf = (world: SyncWorld) => world.application().status?.operationState;
const conditionsOf = (world: SyncWorld) =>
  (world.application().status?.conditions ?? []).map(({ type, message }) => `${type}: ${message}`);
const eventsOf = (world: SyncWorld) =>
  (world.engine.store.list('Event') as unknown as { reason: string; type: string; message: string; count?: number }[])
    .filter(({ reason }) => reason === 'SyncBlocked')
    .map(({ message }) => message);
const runUntil = (world: SyncWorld, time: string) => world.run(Date.parse(time) - world.time.now());

function requestSync(world: SyncWorld): void {
  const target = { kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' };
  const operation = { sync: {}, initiatedBy: { username: 'ada' } };
  world.patch(target, { operation, status: { operationState: null } });
}

describe('automated sync', () => {
  it('waits for the allow window, and begins in the instant after it opens', () => {
    const world = worldWith([window('allow', '0 22 * * *', '1h')]);
    expect(dataOf(world)).toBeUndefined();
    expect(world.application().status?.sync?.status).toBe('OutOfSync');
    expect(operationOf(world)).toBeUndefined();
    expect(conditionsOf(world)).toEqual([
      'SyncWindowWarning: Automated sync is blocked by a sync window: outside of every allow window (allow:0 22 * * *:1h), until 2026-01-05T22:00:00Z at the earliest',
    ]);
    const steps = world.steps.length;
    runUntil(world, '2026-01-05T22:00:00Z');
    expect(world.steps.length, 'nothing is planned before').toBe(steps);
    expect(dataOf(world)).toBeUndefined();
    world.run(1);
    expect([dataOf(world), operationOf(world)?.phase]).toEqual(['1', 'Succeeded']);
    expect(conditionsOf(world)).toEqual([]);
  });

  it('is recorded as a refusal once, however often it is planned', () => {
    const world = worldWith([window('deny', '0 9 * * *', '2h')]);
    expect(dataOf(world), 'at the very start a window is not active yet').toBe('1');
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '2') });
    world.run(MINUTE_MS);
    world.patch({ kind: 'ConfigMap', namespace: 'shop', name: 'a' }, { data: { value: 'drift' } });
    world.run(MINUTE_MS);
    expect(eventsOf(world)).toEqual([
      'Automated sync is blocked by a sync window: inside of deny window deny:0 9 * * *:2h, until 2026-01-05T11:00:00Z at the earliest',
    ]);
    expect(dataOf(world)).toBe('drift');
    runUntil(world, '2026-01-05T11:00:00Z');
    expect(dataOf(world)).toBe('2');
  });

  it('keeps an earlier SyncError while a window blocks (argo-cd.md §10, 29)', () => {
    const broken = configMap('a', '1').replace('"name":"a"', '"name":"a","namespace":"nowhere"');
    const world = worldWith([window('deny', '0 12 * * *', '1h')], {
      syncPolicy: { automated: {}, retry: { limit: 0 } },
    });
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': broken });
    world.run();
    const before = conditionsOf(world).filter((text) => text.startsWith('SyncError'));
    expect(before).toHaveLength(1);
    runUntil(world, '2026-01-05T12:30:00Z');
    world.patch(
      { kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' },
      { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } },
    );
    world.run();
    expect(conditionsOf(world).filter((text) => text.startsWith('SyncError'))).toEqual(before);
  });

  it('does nothing, and says why, under a window that does not parse (cd/W34)', () => {
    const world = worldWith([window('allow', '* 10 * * 7', '2h')]);
    world.run(48 * HOUR_MS);
    expect(dataOf(world)).toBeUndefined();
    expect(conditionsOf(world)).toEqual([
      "SyncWindowWarning: Automated sync is blocked by a sync window: invalid sync windows: cannot parse schedule '* 10 * * 7': end of range (7) above maximum (6): 7",
    ]);
  });

  it('goes by the clocks of the window: the night before and after they change', () => {
    const nights = window('allow', '0 2 * * *', '30m', { timeZone: 'Europe/Berlin' });
    const world = worldWith([nights]);
    runUntil(world, '2026-03-28T01:10:00Z');
    expect(dataOf(world), 'winter: 02:10 in Berlin').toBe('1');
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '2') });
    runUntil(world, '2026-03-28T01:20:00Z');
    expect(dataOf(world)).toBe('2');
    runUntil(world, '2026-03-29T12:00:00Z');
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', '3') });
    runUntil(world, '2026-03-30T00:00:00Z');
    expect(dataOf(world)).toBe('2');
    world.run(1);
    expect(dataOf(world), 'summer: 02:00 in Berlin is midnight in UTC').toBe('3');
  });
});

describe('a sync that a person asks for', () => {
  it('hangs in Running while a window denies it, and goes on when it ends (cd/W60)', () => {
    const world = worldWith([window('deny', '0 9 * * *', '1h')], { syncPolicy: {} });
    world.run(MINUTE_MS);
    requestSync(world);
    world.run();
    expect(operationOf(world)).toMatchObject({ phase: 'Running', message: 'Sync operation blocked by sync window' });
    expect(eventsOf(world)).toEqual([
      'The running sync is blocked by a sync window: inside of deny window deny:0 9 * * *:1h, until 2026-01-05T10:00:00Z at the earliest',
    ]);
    runUntil(world, '2026-01-05T10:00:00Z');
    expect([dataOf(world), operationOf(world)?.phase]).toEqual(['1', 'Succeeded']);
  });

  it('is judged as manual from its first step (upstream: from its second)', () => {
    const world = worldWith([window('deny', '0 9 * * *', '1h', { manualSync: true })], { syncPolicy: {} });
    world.run(MINUTE_MS);
    requestSync(world);
    world.run();
    expect([dataOf(world), operationOf(world)?.phase]).toEqual(['1', 'Succeeded']);
    expect(eventsOf(world)).toEqual([]);
  });

  it('stays as it is when it is terminated meanwhile, as upstream has it', () => {
    const world = worldWith([window('deny', '0 9 * * *', '1h')], { syncPolicy: {} });
    world.run(MINUTE_MS);
    requestSync(world);
    world.run();
    const target = { kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' };
    world.patch(target, { status: { operationState: { phase: 'Terminating' } } });
    world.run();
    expect(operationOf(world)?.phase).toBe('Terminating');
    runUntil(world, '2026-01-05T10:00:00Z');
    expect(operationOf(world)).toMatchObject({ phase: 'Failed', message: 'Operation terminated' });
  });

  it('says which window does not parse', () => {
    const world = worldWith([window('deny', '0 9 * * *', '1x')], { syncPolicy: {} });
    requestSync(world);
    world.run();
    expect(operationOf(world)?.message).toBe(
      `Sync operation blocked by sync window: invalid sync windows: cannot parse duration '1x': time: unknown unit "x" in duration "1x"`,
    );
  });
});

describe('a weekend: two waves, and a window that closes between them', () => {
  const wave = (number: number, name: string) =>
    JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, annotations: { 'argocd.argoproj.io/sync-wave': String(number) } },
      spec: { template: { spec: { containers: [{ name: 'main', image: 'a:1' }] } } },
    });

  function fridayEvening(syncOverrun: boolean): SyncWorld {
    const weekend = window('deny', '0 18 * * FRI', '62h', { syncOverrun });
    const world = worldWith([weekend]);
    runUntil(world, '2026-01-09T17:50:00Z');
    world.git.commit(REPOSITORY, { 'deploy/1.json': wave(1, 'first'), 'deploy/2.json': wave(2, 'second') });
    world.run();
    runUntil(world, '2026-01-09T18:05:00Z');
    world.setHealth('Deployment.apps', 'first', 'Healthy');
    world.run();
    return world;
  }

  it('stops the second wave until Monday', () => {
    const world = fridayEvening(false);
    expect(world.get('Deployment.apps', 'first')).toBeDefined();
    expect(world.get('Deployment.apps', 'second')).toBeUndefined();
    expect(operationOf(world)).toMatchObject({ phase: 'Running', message: 'Sync operation blocked by sync window' });
    runUntil(world, '2026-01-12T07:59:59Z');
    expect(world.get('Deployment.apps', 'second')).toBeUndefined();
    runUntil(world, '2026-01-12T08:00:00Z');
    expect(world.get('Deployment.apps', 'second')).toBeDefined();
  });

  it('lets a sync that began before finish, with syncOverrun, and begins no other (cd/W43)', () => {
    const world = fridayEvening(true);
    expect(world.get('Deployment.apps', 'second')).toBeDefined();
    expect(operationOf(world)?.phase).toBe('Succeeded');
    world.git.commit(REPOSITORY, { 'deploy/a.yaml': configMap('a', 'saturday') });
    runUntil(world, '2026-01-10T12:00:00Z');
    expect(dataOf(world)).toBe('1');
    runUntil(world, '2026-01-12T08:00:01Z');
    expect(dataOf(world)).toBe('saturday');
  });

  it('holds a retry back too', () => {
    const world = worldWith([window('deny', '0 18 * * FRI', '62h')], {
      syncPolicy: { automated: {}, retry: { limit: 5, backoff: { duration: '20m', factor: 1, maxDuration: '1h' } } },
    });
    runUntil(world, '2026-01-09T17:50:00Z');
    world.git.commit(REPOSITORY, {
      'deploy/a.yaml': configMap('a', '2').replace('"name":"a"', '"name":"a","namespace":"late"'),
    });
    world.run();
    expect(operationOf(world)?.message).toMatch(/Retrying attempt #1 at 2026-01-09T18:10:/);
    world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'late' } });
    runUntil(world, '2026-01-10T00:00:00Z');
    expect(operationOf(world)?.message).toBe('Sync operation blocked by sync window');
    expect(world.get('ConfigMap', 'a', 'late')).toBeUndefined();
    runUntil(world, '2026-01-12T08:00:01Z');
    expect(world.get('ConfigMap', 'a', 'late')).toBeDefined();
  });
});
