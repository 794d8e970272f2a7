import { describe, expect, it } from 'vitest';
import { isAttempted, planAutoSync, selfHealDelayMs } from './auto-sync.ts';
import type { ComparedResource } from './compare.ts';
import { lastWave } from './deletion.ts';
import { aggregateHealth } from './health.ts';
import { compileIgnoreDifferences, withIgnoredFromLive, withoutIgnored, withoutPointer } from './ignore-differences.ts';
import { retryDelayMs } from './operation.ts';
import type { Refreshed } from './refresh.ts';
import { trackedInstance } from './tracking.ts';
import type { Application, ApplicationSource, Health, OperationState, ResourceStatus } from './types.ts';

const NOW = Date.parse('2026-01-05T09:00:00Z');
const SOURCE = { repoURL: 'r', path: 'p' };
const config = { selfHealBackoff: { firstMs: 2000, factor: 3, capMs: 120_000 } };

function application(automated: object | undefined, extra: Partial<Application> = {}): Application {
  return {
    apiVersion: 'x/v1',
    kind: 'Application',
    metadata: { name: 'a' },
    spec: { source: SOURCE, syncPolicy: { automated } },
    ...extra,
  } as Application;
}

function refreshed(
  status: 'Synced' | 'OutOfSync',
  resources: Partial<ResourceStatus>[] = [{ name: 'a', status: 'OutOfSync' }],
): Refreshed {
  return { sync: { status, revision: 'new' }, resources, touched: true } as unknown as Refreshed;
}

const last = (
  phase: OperationState['phase'],
  revision: string,
  source: ApplicationSource = SOURCE,
): OperationState => ({
  operation: { sync: {} },
  phase,
  startedAt: '2026-01-05T08:00:00Z',
  finishedAt: '2026-01-05T09:00:00Z',
  syncResult: { revision, source },
  message: 'why',
});

describe('automated sync', () => {
  const plan = (app: Application, found: Refreshed) => planAutoSync(app, found, config, NOW);

  it('cd/C01 starts for a new revision, with prune from the spec and five retries', () => {
    expect(plan(application({ prune: true }), refreshed('OutOfSync')).operation).toMatchObject({
      sync: { revision: 'new', prune: true },
      retry: { limit: 5 },
      initiatedBy: { automated: true },
    });
  });

  it.each([
    [
      'C02 same revision, no self-heal',
      application({}, { status: { operationState: last('Succeeded', 'new') } }),
      refreshed('OutOfSync'),
    ],
    ['C03 synced', application({}), refreshed('Synced')],
    ['C04 disabled', application({ enabled: false }), refreshed('OutOfSync')],
    [
      'C05 deleting',
      application({}, { metadata: { name: 'a', deletionTimestamp: 'x' } as never }),
      refreshed('OutOfSync'),
    ],
    [
      'C07 only prunes, prune off',
      application({}),
      refreshed('OutOfSync', [{ status: 'OutOfSync', requiresPruning: true }]),
    ],
    ['an operation is there', application({}, { operation: {} }), refreshed('OutOfSync')],
  ])('cd/%s: nothing', (_case, app, found) => {
    expect(plan(app, found)).toEqual({});
  });

  it('cd/C06 does not repeat a failed attempt', () => {
    const app = application({ selfHeal: true }, { status: { operationState: last('Failed', 'new') } });
    expect(plan(app, refreshed('OutOfSync'))).toEqual({
      condition: { type: 'SyncError', message: 'Failed last sync attempt to [new]: why' },
    });
  });

  it('cd/C08 wipes nothing out unless allowed', () => {
    const found = refreshed('OutOfSync', [{ status: 'OutOfSync', requiresPruning: true }]);
    expect(plan(application({ prune: true }), found).condition?.message).toContain(
      'auto-sync will wipe out all resources',
    );
    expect(plan(application({ prune: true, allowEmpty: true }), found).operation).toBeDefined();
    expect(plan(application({ prune: true }), refreshed('OutOfSync', [])).condition).toBeDefined();
  });

  it('cd/C09 starts for another source at the same revision', () => {
    const app = application(
      {},
      { status: { operationState: last('Succeeded', 'new', { repoURL: 'r', path: 'other' }) } },
    );
    expect(plan(app, refreshed('OutOfSync')).operation).toBeDefined();
  });

  it.each([
    [0, 0],
    [1, 2000],
    [2, 6000],
    [3, 18_000],
    [4, 54_000],
    [5, 120_000],
    [6, 120_000],
    [40, 120_000],
  ])('cd/C10 after %i heals waits %i ms', (attempts, delayMs) => {
    expect(selfHealDelayMs(attempts, config.selfHealBackoff)).toBe(delayMs);
  });

  it('cd/C11 knows what was attempted', () => {
    const set = (path: string) => ({ sources: [{ repoURL: 'r', path }], isMultiple: false });
    const own = set('p');
    expect(isAttempted(last('Succeeded', 'new'), ['new'], own)).toBe(true);
    expect(isAttempted(last('Succeeded', 'old'), ['new'], own)).toBe(false);
    expect(isAttempted(last('Succeeded', 'old'), ['new'], own, false), 'another commit without changes').toBe(true);
    expect(isAttempted(last('Succeeded', 'new'), ['new'], set('q'))).toBe(false);
    expect(isAttempted(last('Succeeded', 'old'), ['new'], set('q'), false)).toBe(false);
    expect(isAttempted(undefined, ['new'], own)).toBe(false);
    expect(isAttempted({ ...last('Running', 'x'), syncResult: undefined }, ['new'], own)).toBe(false);
    expect(isAttempted({ ...last('Error', 'x'), syncResult: undefined }, ['new'], own)).toBe(true);
  });
});

it.each([
  [undefined, 1, 10_000],
  [undefined, 9, 180_000],
  [{ backoff: { duration: '1', factor: 3, maxDuration: '1m' } }, 2, 9000],
])('retry %j after attempt %i waits %i ms (§3.6)', (retry, attempt, delayMs) => {
  expect(retryDelayMs(retry, attempt)).toBe(delayMs);
});

describe('health', () => {
  const judge = (
    ...items: [kind: string, status: Health['status'] | undefined, annotations?: Record<string, string>][]
  ) =>
    aggregateHealth(
      items.map(([kind, status, annotations], index) => {
        const group = kind === 'Application' ? 'argoproj.io' : '';
        const resource = { group, kind, namespace: 'ns', name: `n${index}`, live: { metadata: { annotations } } };
        return {
          resource: resource as unknown as ComparedResource,
          health: status === undefined ? undefined : { status },
        };
      }),
      { name: 'self', namespace: 'ns' },
    );

  it('cd/C18 aggregates', () => {
    expect(judge(['Pod', 'Missing'], ['Pod', 'Healthy']).status).toBe('Healthy');
    expect(judge(['Pod', 'Missing'], ['Pod', 'Missing']).status).toBe('Missing');
    expect(judge().status).toBe('Healthy');
    expect(judge(['Application', 'Degraded'])).toEqual({
      status: 'Degraded',
      message: 'Caused by argoproj.io/Application:ns/n0',
    });
    expect(judge(['Application', 'Unknown'], ['ConfigMap', undefined]).status).toBe('Healthy');
    expect(judge(['Pod', 'Degraded', { 'argocd.argoproj.io/ignore-healthcheck': 'true' }]).status).toBe('Healthy');
    expect(judge(['Rollout', 'Suspended'], ['Pod', 'Healthy']).status).toBe('Suspended');
  });

  it('names three causes and counts the others', () => {
    const pods = Array.from({ length: 5 }, (): [string, Health['status']] => ['Pod', 'Progressing']);
    expect(judge(...pods).message).toBe('Caused by /Pod:ns/n0, /Pod:ns/n1, /Pod:ns/n2 and 2 more');
  });
});

it.each([
  [
    [1, 5, 7, 7, 4],
    [7, 7],
  ],
  [[1, 5, 2, 2, 4], [5]],
  [[1], [1]],
  [[], []],
])('cd/C19 of waves %j the deletion takes %j', (all, expected) => {
  const objects = all.map((wave) => ({ metadata: { annotations: { 'argocd.argoproj.io/sync-wave': String(wave) } } }));
  expect(
    lastWave(objects).map((object) => Number(object.metadata.annotations['argocd.argoproj.io/sync-wave'])),
  ).toEqual(expected);
});

it('tracks by annotation, and not by one that was copied (§3.4)', () => {
  const object = (id: string) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'r', namespace: 'n', annotations: { 'argocd.argoproj.io/tracking-id': id } },
  });
  expect(trackedInstance(object('app:apps/ReplicaSet:n/r') as never)).toBe('app');
  expect(trackedInstance(object('app:apps/Deployment:n/r') as never)).toBeUndefined();
  expect(trackedInstance(object('nonsense') as never)).toBeUndefined();
});

describe('ignored differences (§3.3 step 6)', () => {
  const value = {
    a: { 'b/c': 1, d: 2 },
    list: [
      { name: 'x', v: 1 },
      { name: 'y', v: 2 },
    ],
  };

  it.each([
    ['/a/b~1c', { ...value, a: { d: 2 } }],
    ['/list/0', { ...value, list: [{ name: 'y', v: 2 }] }],
    ['/list/1/v', { ...value, list: [{ name: 'x', v: 1 }, { name: 'y' }] }],
    ['/nope/nope', value],
    ['/list/nope', value],
  ])('pointer %s', (pointer, expected) => {
    expect(withoutPointer(value, pointer)).toEqual(expected);
  });

  const subject = { group: 'apps', kind: 'Deployment', namespace: 'n', name: 'web' };
  const container = (name: string, image: string, more: object = {}) => ({ name, image, ...more });
  const live = {
    metadata: {
      labels: { a: '1' },
      managedFields: [
        { manager: 'scaler', fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:list': { 'v:"one"': {} } } } },
        {
          manager: 'sidecar',
          fieldsV1: { 'f:spec': { 'f:containers': { 'k:{"name":"proxy"}': { '.': {}, 'f:image': {} } } } },
        },
      ],
    },
    spec: {
      replicas: 5,
      list: ['one', 'two'],
      containers: [container('main', 'a:2', { env: [1] }), container('proxy', 'p:1')],
    },
  };
  const desired = {
    metadata: { labels: { a: '2' } },
    spec: { replicas: 1, list: ['two'], containers: [container('main', 'a:1')] },
  };
  const rulesOf = (entry: object) => compileIgnoreDifferences([{ group: 'apps', kind: 'Deployment', ...entry }]).rules;

  it('leaves out what field managers own', () => {
    const rules = rulesOf({ managedFieldsManagers: ['scaler', 'sidecar'] });
    expect(withoutIgnored(live, subject, rules, live).spec).toEqual({
      list: ['two'],
      containers: [container('main', 'a:2', { env: [1] }), { name: 'proxy' }],
    });
    expect(withoutIgnored(desired, subject, rules, live).spec).toEqual({
      list: ['two'],
      containers: desired.spec.containers,
    });
    expect(withoutIgnored(live, subject, rulesOf({ managedFieldsManagers: ['other'] }), live)).toEqual(live);
  });

  it('RespectIgnoreDifferences takes ignored fields from live, through lists, and never the status', () => {
    const entry = {
      jsonPointers: ['/spec/replicas', '/status'],
      jqPathExpressions: ['.spec.containers[] | select(.name == "proxy")', '.spec.containers[].env'],
    };
    expect(withIgnoredFromLive(desired, { ...live, status: { ready: 1 } }, subject, rulesOf(entry))).toEqual({
      ...desired,
      spec: {
        ...desired.spec,
        replicas: 5,
        containers: [container('main', 'a:1', { env: [1] }), container('proxy', 'p:1')],
      },
    });
    expect(withIgnoredFromLive(desired, live, { ...subject, kind: 'Service' }, rulesOf(entry))).toBe(desired);
  });

  it('says where an expression cannot be read', () => {
    expect(
      compileIgnoreDifferences([{ jqPathExpressions: ['.a', '.a | def'] }, { jsonPointers: ['a'] }]).errors,
    ).toEqual([
      'spec.ignoreDifferences[0].jqPathExpressions[1]: cannot read ".a | def": column 6: def is not reproduced',
      'spec.ignoreDifferences[1].jsonPointers[0]: "a" does not begin with "/"',
    ]);
  });
});
