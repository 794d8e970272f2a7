import { beforeEach, describe, expect, it } from 'vitest';
import { apiVersionOf, findKind, KINDS, type ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import { volatileJournal } from '#store/journal.ts';
import { Store } from '#store/store.ts';
import { Access, type Act } from './access.ts';
import { CLUSTER_ADMIN, type Identity } from './identity.ts';

const dev: Identity = { username: 'dev', groups: [], claims: { sub: 'dev' } };
let store: Store;
let access: Access;
let uid = 0;

function put(object: Record<string, unknown> & { metadata: Record<string, unknown> }): KubeObject {
  return store.put({ ...object, metadata: { uid: `uid-${++uid}`, ...object.metadata } } as unknown as KubeObject);
}

function policy(...lines: string[]): void {
  put({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-rbac-cm', namespace: 'argocd', uid: 'rbac' },
    data: { 'policy.csv': lines.join('\n') },
  });
}

function settings(data: Record<string, string>): void {
  put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd', uid: 'cm' }, data });
}

const application = (spec: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'web', namespace: 'argocd', uid: 'web' },
  spec: { project: 'shop', source: { repoURL: 'r', path: 'p' }, ...spec },
  ...more,
});

const tracked = (kind: string, name: string, group: string) => ({
  'argocd.argoproj.io/tracking-id': `web:${group}/${kind}:shop/${name}`,
});

const rollout = (spec: Record<string, unknown>, status: Record<string, unknown> = {}) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'api', namespace: 'shop', uid: 'ro', annotations: tracked('Rollout', 'api', 'argoproj.io') },
  spec,
  status,
});

/** The lines that a write by `dev` asks for, as `action object`. */
function asked(verb: Act['verb'], id: string, before: object | undefined, after: object | undefined): string[] {
  const kind = findKind(id) as ResourceKind;
  const { metadata } = (before ?? after) as KubeObject;
  const needs = access.needsOf({
    verb,
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    before: before as KubeObject | undefined,
    after: after as KubeObject | undefined,
  });
  if (needs.closed !== undefined) return [`closed: ${needs.closed}`];
  return needs.all.map(({ resource, action, object }) => `${resource}, ${action}, ${object}`);
}

beforeEach(() => {
  uid = 0;
  store = new Store(volatileJournal);
  access = new Access(store);
  put(application());
});

const APP = 'Application.argoproj.io';

describe('what writing an Application asks for', () => {
  const sync = (operation: object, more: Record<string, unknown> = {}) =>
    application({}, { operation: { sync: operation }, ...more });

  it('create, change, delete, and a name outside of the control plane', () => {
    expect(asked('create', APP, undefined, application())).toEqual(['applications, create, shop/web']);
    expect(asked('update', APP, application(), application({ source: { repoURL: 'r', path: 'q' } }))).toEqual([
      'applications, update, shop/web',
    ]);
    expect(asked('delete', APP, application(), undefined)).toEqual(['applications, delete, shop/web']);
    const elsewhere = { ...application(), metadata: { name: 'web', namespace: 'team-a' } };
    expect(asked('create', APP, undefined, elsewhere)).toEqual(['applications, create, shop/team-a/web']);
  });

  it('a move between projects needs rights in both', () => {
    expect(asked('update', APP, application(), application({ project: 'bank' }))).toEqual([
      'applications, create, bank/web',
      'applications, update, bank/web',
      'applications, update, shop/web',
    ]);
  });

  it('an operation is a sync; with manifests or other sources it overrides', () => {
    expect(asked('update', APP, application(), sync({}))).toEqual(['applications, sync, shop/web']);
    expect(asked('update', APP, application(), sync({ source: { repoURL: 'r', path: 'p' } }))).toEqual([
      'applications, sync, shop/web',
    ]);
    for (const operation of [{ manifests: [] }, { source: { repoURL: 'other' } }, { sources: [] }]) {
      expect(asked('update', APP, application(), sync(operation))).toEqual([
        'applications, sync, shop/web',
        'applications, override, shop/web',
      ]);
    }
  });

  it('another revision needs override only when argocd-cm says so', () => {
    expect(asked('update', APP, application(), sync({ revision: 'abc' }))).toEqual(['applications, sync, shop/web']);
    settings({ 'application.sync.requireOverridePrivilegeForRevisionSync': 'true' });
    expect(asked('update', APP, application(), sync({ revision: 'abc' }))).toContain(
      'applications, override, shop/web',
    );
    expect(asked('update', APP, application(), sync({ revision: 'HEAD' }))).toEqual(['applications, sync, shop/web']);
  });

  it('a rollback is a sync, or an action of its own when argocd-cm says so', () => {
    const status = { history: [{ id: 1, revision: 'abc', source: { repoURL: 'old' } }] };
    const before = application({}, { status });
    const back = sync({ revision: 'abc', source: { repoURL: 'old' } }, { status });
    expect(asked('update', APP, before, back)).toEqual(['applications, sync, shop/web']);
    settings({ 'server.rbac.rollback.enforce.enable': 'true' });
    expect(asked('update', APP, before, back)).toEqual(['applications, rollback, shop/web']);
  });

  it('ending an operation is a sync; any other status is not written by clients', () => {
    const running = application({}, { status: { operationState: { phase: 'Running', startedAt: 't' } } });
    const ended = application({}, { status: { operationState: { phase: 'Terminating', startedAt: 't' } } });
    expect(asked('update', APP, running, ended)).toEqual(['applications, sync, shop/web']);
    const replaced = { ...application({}, { status: {} }), operation: { sync: {} } };
    expect(asked('update', APP, running, replaced)).toEqual([
      'applications, sync, shop/web',
      'applications, sync, shop/web',
    ]);
    const forged = application({}, { status: { health: { status: 'Healthy' } } });
    expect(asked('update', APP, running, forged)[0]).toContain('written by the engine only');
  });

  it('a refresh needs no more than looking', () => {
    const refreshed = {
      ...application(),
      metadata: { ...application().metadata, annotations: { 'argocd.argoproj.io/refresh': 'hard' } },
    };
    expect(asked('update', APP, application(), refreshed)).toEqual(['applications, get, shop/web']);
  });
});

describe('what writing the resources of an Application asks for', () => {
  const ROLLOUT = 'Rollout.argoproj.io';
  const change = (after: object, before: object = rollout({ paused: false })) =>
    asked('update', ROLLOUT, before, after);
  const action = (name: string) => `applications, action/argoproj.io/Rollout/${name}, shop/web`;

  it.each([
    ['pause', rollout({ paused: true }), rollout({ paused: false })],
    ['resume', rollout({ paused: false }), rollout({ paused: true })],
    ['restart', rollout({ restartAt: 't' }), rollout({})],
    ['abort', rollout({}, { abort: true }), rollout({})],
    ['retry', rollout({}, { abort: false }), rollout({}, { abort: true })],
    ['promote-full', rollout({}, { promoteFull: true }), rollout({})],
    ['resume', rollout({}, {}), rollout({}, { pauseConditions: [{}] })],
    [
      'skip-current-step',
      rollout({}, { currentStepIndex: 2 }),
      rollout({}, { currentStepIndex: 1, pauseConditions: [] }),
    ],
  ])('%s of a Rollout is a resource action', (name, after, before) => {
    expect(change(after, before)).toEqual([action(name)]);
  });

  it('anything more is an update of that resource; a forged status is refused', () => {
    expect(change(rollout({ replicas: 9 }))).toEqual(['applications, update/argoproj.io/Rollout/shop/api, shop/web']);
    expect(change(rollout({ paused: false }, { stableRS: 'x' }))[0]).toContain('written by the engine only');
    expect(change(rollout({ paused: true, replicas: 9 }))).toEqual([
      'applications, update/argoproj.io/Rollout/shop/api, shop/web',
    ]);
  });

  it('restart and scale of a Deployment are actions too', () => {
    const deployment = (replicas: number, restartedAt?: string) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', namespace: 'shop', annotations: tracked('Deployment', 'd', 'apps') },
      spec: {
        replicas,
        template: {
          metadata: {
            annotations: restartedAt === undefined ? undefined : { 'kubectl.kubernetes.io/restartedAt': restartedAt },
          },
        },
      },
    });
    const ask = (after: object) => asked('update', 'Deployment.apps', deployment(1), after);
    expect(ask(deployment(2))).toEqual(['applications, action/apps/Deployment/scale, shop/web']);
    expect(ask(deployment(1, 't'))).toEqual(['applications, action/apps/Deployment/restart, shop/web']);
  });

  it('a pod is found through its owners; deleting and evicting it, reading its log', () => {
    const own = (owner: KubeObject) => [
      { apiVersion: owner.apiVersion, kind: owner.kind, name: 'o', uid: owner.metadata.uid, controller: true },
    ];
    const ro = put(rollout({}));
    const rs = put({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'rs', namespace: 'shop', ownerReferences: own(ro) },
    });
    const pod = put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'pod', namespace: 'shop', ownerReferences: own(rs) },
    });
    expect(asked('delete', 'Pod', pod, undefined)).toEqual(['applications, delete//Pod/shop/pod, shop/web']);
    expect(asked('evict', 'Pod', pod, undefined)).toEqual(['applications, delete//Pod/shop/pod, shop/web']);
    expect(asked('log', 'Pod', pod, undefined)).toEqual(['applications, get, shop/web', 'logs, get, shop/web']);
    settings({ 'server.rbac.disableApplicationFineGrainedRBACInheritance': 'false' });
    expect(asked('delete', 'Pod', pod, undefined)).toEqual(['applications, delete, shop/web']);
  });

  it('a tracking id copied from another object, a foreign label and a new object give nothing', () => {
    const copied = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x', namespace: 'shop', annotations: tracked('ConfigMap', 'y', '') },
    };
    expect(asked('update', 'ConfigMap', copied, copied)[0]).toContain('belongs to no Application');
    const labelled = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x', namespace: 'shop', labels: { 'app.kubernetes.io/instance': 'web' } },
    };
    expect(asked('update', 'ConfigMap', labelled, labelled)[0]).toContain('belongs to no Application');
    put(application({}, { status: { resources: [{ kind: 'ConfigMap', namespace: 'shop', name: 'x' }] } }));
    expect(asked('update', 'ConfigMap', labelled, { ...labelled, data: { a: 'b' } })).toEqual([
      'applications, update//ConfigMap/shop/x, shop/web',
    ]);
    expect(asked('create', 'ConfigMap', undefined, copied)[0]).toContain('created by committing it');
  });

  it('secrets are the administrator’s alone', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'shop', annotations: tracked('Secret', 's', '') },
    };
    expect(asked('update', 'Secret', secret, secret)[0]).toContain('administrator');
    policy('g, dev, role:admin');
    expect(access.mayRead(dev, secret as unknown as KubeObject)).toBe(false);
    expect(access.mayRead(CLUSTER_ADMIN, secret as unknown as KubeObject)).toBe(true);
  });
});

describe('what writing sets and projects asks for', () => {
  const set = (project: string, name = 'set') => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name, namespace: 'argocd' },
    spec: { template: { spec: { project } } },
  });
  const project = (spec: object, status?: object) => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'shop', namespace: 'argocd' },
    spec,
    ...(status === undefined ? {} : { status }),
  });

  it('an ApplicationSet belongs to the project of its template', () => {
    expect(asked('create', 'ApplicationSet.argoproj.io', undefined, set('shop'))).toEqual([
      'applicationsets, create, shop/set',
    ]);
    expect(asked('update', 'ApplicationSet.argoproj.io', set('shop'), set('bank'))).toEqual([
      'applicationsets, update, shop/set',
      'applicationsets, update, bank/set',
      'applicationsets, create, bank/set',
    ]);
  });

  it('a project that lets more in needs rights on those clusters and repositories', () => {
    const before = project({ sourceRepos: ['a'], destinations: [{ server: 's1' }] });
    const after = project({ sourceRepos: ['b'], destinations: [{ server: 's1' }, { server: 's2' }] });
    expect(asked('update', 'AppProject.argoproj.io', before, after)).toEqual([
      'projects, update, shop',
      'clusters, update, s2',
      'repositories, update, a',
      'repositories, update, b',
    ]);
    const kinds = project({ ...before.spec, namespaceResourceWhitelist: [] });
    expect(asked('update', 'AppProject.argoproj.io', before, kinds)).toEqual([
      'projects, update, shop',
      'clusters, update, s1',
    ]);
    expect(
      asked('update', 'AppProject.argoproj.io', before, project(before.spec, { jwtTokensByRole: {} }))[0],
    ).toContain('create-token');
  });
});

describe('decisions', () => {
  const act: Act = {
    verb: 'update',
    kind: findKind(APP) as ResourceKind,
    namespace: 'argocd',
    name: 'web',
    before: undefined,
    after: undefined,
  };

  it('a refusal names request, subject and the nearest line', () => {
    policy('p, dev, applications, get, shop/*, allow');
    const before = application() as unknown as KubeObject;
    const after = { ...application(), operation: { sync: {} } } as unknown as KubeObject;
    expect(() => access.authorise(dev, { ...act, before, after })).toThrow(
      'permission denied: applications, sync, shop/web, sub: dev; no policy allows it; nearest: "p, dev, applications, get, shop/*, allow" (argocd-rbac-cm policy.csv:1), which does not cover the action',
    );
    policy('p, dev, applications, *, shop/*, allow', 'p, dev, applications, sync, shop/web, deny');
    expect(() => access.authorise(dev, { ...act, before, after })).toThrow(
      'denied by "p, dev, applications, sync, shop/web, deny" (argocd-rbac-cm policy.csv:2)',
    );
    policy('p, dev, applications, *, shop/*, allow');
    expect(access.authorise(dev, { ...act, before, after })).toBe(
      '"p, dev, applications, *, shop/*, allow" (argocd-rbac-cm policy.csv:1)',
    );
  });

  it('the administrator is asked nothing, even where a line denies', () => {
    policy('p, admin, applications, *, */*, deny');
    expect(access.authorise(CLUSTER_ADMIN, act)).toContain("engine's own token");
    const account: Identity = { username: 'admin', groups: [], claims: { sub: 'admin' } };
    expect(access.mayRead(account, application() as unknown as KubeObject)).toBe(false);
  });

  it('what does not exist and what may not be seen are refused alike', () => {
    const ref = { kind: APP, namespace: 'argocd', name: 'web' };
    const there = () => access.authoriseRead(dev, ref, application() as unknown as KubeObject);
    const gone = () => access.authoriseRead(dev, ref, undefined);
    expect(there).toThrow('permission denied');
    expect(gone).toThrow('there is no such object, or no policy lets you see it');
  });

  it('an event is read by whoever may read what it is about', () => {
    const event = put({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'argocd' },
      involvedObject: { uid: 'web' },
    });
    expect(access.mayRead(dev, event)).toBe(false);
    policy('p, dev, applications, get, shop/web, allow');
    expect(access.mayRead(dev, event)).toBe(true);
  });
});

describe('without a single line of policy', () => {
  const verbs: Act['verb'][] = ['create', 'update', 'delete', 'evict', 'scale', 'log'];

  it.each(KINDS.map((kind) => [kind.id, kind] as const))(
    'nobody but the administrator reads or writes a %s',
    (_id, kind) => {
      const metadata = {
        name: 'x',
        namespace: kind.namespaced ? 'argocd' : undefined,
        annotations: tracked(kind.kind, 'x', kind.group),
      };
      const object = put({ apiVersion: apiVersionOf(kind), kind: kind.kind, metadata, spec: {}, status: {} });
      const after = { ...object, spec: { changed: true } } as unknown as KubeObject;
      expect(access.mayRead(dev, object)).toBe(false);
      expect(access.mayRead(CLUSTER_ADMIN, object)).toBe(true);
      for (const verb of verbs) {
        const isCreate = verb === 'create';
        const isLast = verb === 'delete' || verb === 'evict' || verb === 'log';
        const act: Act = {
          verb,
          kind,
          namespace: metadata.namespace,
          name: 'x',
          before: isCreate ? undefined : object,
          after: isLast ? undefined : after,
        };
        expect(() => access.authorise(dev, act), verb).toThrow('permission denied');
        expect(access.authorise(CLUSTER_ADMIN, act)).toContain("engine's own token");
      }
    },
  );
});
