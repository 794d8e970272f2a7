import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ApiError } from '#api/errors.ts';
import type { StepRecord } from '#control/control-loop.ts';
import type { Json } from '#core/json.ts';
import { kindIdOf } from '#kube/kinds.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { ROLLOUT_SETTINGS } from '../stages/notification/settings.ts';
import { readTree, SimulatedTree } from './simulated-tree.ts';

// One sequence of cases for everybody; FUZZ_RUNS=2000 for a longer search, FUZZ_SEED for another one.
const SEED = Number(process.env.FUZZ_SEED ?? 20260105);
const RUNS = Number(process.env.FUZZ_RUNS ?? 60);
const REPOSITORY = join(import.meta.dirname, '..', '..');
const LIMIT_MS = 3_600_000;
const SETTLE_MS = 45_000;
const HEAL_MAX_MS = 600_000;

/** Objects that decide over others, each in a form that works. */
const SETTINGS: readonly Manifest[] = [
  configMap('argocd', 'argocd-notifications-cm', {
    'service.webhook.ci': 'url: https://ci.example.com\nheaders:\n- {name: a, value: $token}\n',
    'service.slack': 'token: $slack-token\n',
    subscriptions: '- recipients: ["ci:", "slack:ops"]\n  selector: a in (b)\n  triggers: [on-degraded]\n',
    'trigger.on-degraded':
      "- when: app.status.health.status == 'Healthy' and time.Now().Sub(time.Parse(app.status.operationState.startedAt)).Minutes() >= 0\n  oncePer: app.status.sync.revision\n  send: [degraded]\n",
    'template.degraded':
      'message: "{{.app.metadata.name}} {{range .app.status.conditions}}{{.message}}{{end}}"\nslack: {attachments: "[]"}\nwebhook: {ci: {method: POST, path: "/{{.app.metadata.name}}", body: "{{ toJson .app }}"}}\n',
  }),
  configMap(ROLLOUT_SETTINGS.namespace, ROLLOUT_SETTINGS.configMap, {
    'service.webhook.ci': 'url: https://ci.example.com\n',
    subscriptions: '- recipients: ["ci:"]\n  triggers: [on-rollout-completed]\n',
    'trigger.on-rollout-completed': '- send: [event]\n',
    'template.event': 'message: "{{.rollout.metadata.name}}: {{.rollout.status.phase}}"\n',
  }),
  configMap('argocd', 'argocd-rbac-cm', {
    'policy.csv': 'p, role:dev, applications, sync, pern-app/*, allow\ng, team, role:dev\n',
    'policy.default': 'role:readonly',
    scopes: '[groups, email]',
    'policy.matchMode': 'glob',
  }),
  configMap('argocd', 'argocd-gpg-keys-cm', {
    ABCDEF: '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----',
  }),
];

/** Settings of the whole cluster that the world has already: patched instead of created. */
const ARGOCD_CM = {
  'resource.customizations.ignoreDifferences.apps_StatefulSet': 'jqPathExpressions: [".spec.replicas"]\n',
  'resource.exclusions': '- apiGroups: ["x"]\n  kinds: ["*"]\n  clusters: ["*"]\n',
  'resource.customizations.health.apps_StatefulSet': 'return {status = "Healthy"}',
  globalProjects: '- labelSelector: {matchLabels: {a: b}}\n  projectName: pern-app\n',
  'application.resourceTrackingMethod': 'annotation+label',
  'accounts.ci': 'apiKey',
};

function configMap(namespace: string, name: string, data: Record<string, string>): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data };
}

/** What a tree of the team declares of these kinds, under names and namespaces of their own. */
function declared(): Manifest[] {
  const kinds = [
    'AppProject',
    'ApplicationSet',
    'AnalysisTemplate',
    'ClusterAnalysisTemplate',
    'Rollout',
    'Ingress',
    'Application',
  ];
  return Object.entries(readTree(REPOSITORY))
    .filter(([path]) => path.endsWith('.yaml') && !path.endsWith('kustomization.yaml'))
    .flatMap(([, text]) => parseAllDocuments(text).map((document) => document.toJS() as Manifest | null))
    .filter((object): object is Manifest => object?.spec !== undefined && kinds.includes(object.kind))
    .map(withoutSync)
    .map((object) => ({
      ...object,
      metadata: {
        annotations: object.metadata.annotations,
        name: `${object.metadata.name}-x`,
        namespace: object.metadata.namespace ?? 'pern-app-development',
      },
    }));
}

/** An Application that says what it would do, and does not: a copy of one that deploys is no mistake but an order. */
function withoutSync(object: Manifest): Manifest {
  if (object.kind === 'Application') return { ...object, spec: { ...(object.spec as object), syncPolicy: undefined } };
  if (object.kind !== 'ApplicationSet') return object;
  const spec = structuredClone(object.spec) as {
    template: { spec: Record<string, unknown>; metadata: Record<string, unknown> };
  };
  delete spec.template.spec.syncPolicy;
  delete spec.template.metadata.finalizers;
  return { ...object, spec: spec as never };
}

const junk: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>(
    null,
    '',
    ' ',
    -1,
    0,
    1e300,
    0.5,
    true,
    [],
    {},
    [null],
    [[]],
    [{}],
    [''],
    { '': '' },
    '{{',
    '{{.x}}',
    '{{range .}}',
    '{{args.nope}}',
    '../..',
    '/etc/passwd',
    '*',
    '**/[',
    '!*',
    '(a+)+$',
    '[[:alpha',
    '\u0000',
    '\ud800',
    'P1D',
    '-5m',
    '1e9h',
    '99999999999999999999',
    'CRON_TZ=Nowhere/Here * * * * *',
    '60 24 32 13 8',
    '__proto__',
    'a'.repeat(5000),
    ':\n\t- [',
    'result[0',
    'result.a.b.c',
    'rate(',
    '$',
    '$nope',
    'p, a',
    '{"a":1}',
  ),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

interface Spoil {
  /** Which member, as a share of all there are. */
  at: number;
  how: 'replace' | 'remove' | 'add' | 'wrap' | 'cut';
  value: Json;
}

const spoil: fc.Arbitrary<Spoil> = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  how: fc.constantFrom<Spoil['how'][]>('replace', 'replace', 'remove', 'add', 'wrap', 'cut'),
  value: junk,
});

type Holder = Record<string, Json>;

/** Every member below a value, as its holder and name. */
function membersOf(value: Json): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((name): [Holder, string][] => [
    [value as Holder, name],
    ...membersOf((value as Holder)[name] as Json),
  ]);
}

function spoiled<T extends Json>(value: T, { at, how, value: other }: Spoil): T {
  const copy = structuredClone(value);
  const members = membersOf(copy);
  const member = members[Math.floor(at * members.length)];
  if (member === undefined) return copy;
  const [holder, name] = member;
  const before = holder[name] as Json;
  if (how === 'remove') delete holder[name];
  else if (how === 'add') holder[`${name}Other`] = other;
  else if (how === 'wrap') holder[name] = [before];
  else if (how === 'cut' && typeof before === 'string')
    holder[name] = before.slice(0, Math.floor(before.length / 2)) + JSON.stringify(other);
  else holder[name] = other;
  // A list with a hole is nothing that a client can send.
  return JSON.parse(JSON.stringify(copy)) as T;
}

class Victim {
  readonly tree: SimulatedTree;
  readonly errors: string[] = [];
  readonly #before: string;

  constructor() {
    this.tree = new SimulatedTree(REPOSITORY, { loads: [], onStep: (step) => this.#note(step) }).install();
    this.tree.simulation.run(() => false, 120_000);
    this.errors.length = 0;
    this.#before = this.#running();
  }

  get resources() {
    return this.tree.simulation.engine.resources;
  }

  #note({ controller, key, error }: StepRecord): void {
    if (error !== undefined)
      this.errors.push(`${controller} ${key}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  /** Pods that ran before, as they are now, and where users are sent. */
  #running(): string {
    const { engine, traffic } = this.tree.simulation;
    const pods = engine.store
      .list('Pod')
      .filter(({ metadata, status }) => status?.phase === 'Running' && !this.#isOfCopy(metadata.name))
      .map(({ metadata, status }) => [
        metadata.uid,
        status?.containerStatuses?.map(({ restartCount }) => restartCount),
      ]);
    const routes = traffic.table.routes.filter(({ ingress }) => ingress === 'backend' || ingress === 'frontend');
    return JSON.stringify([pods, routes]);
  }

  #unhealthy(): unknown[] {
    return this.tree.simulation.engine.store
      .list('Application.argoproj.io')
      .filter(({ status }) => status?.health?.status !== 'Healthy' || status.sync?.status !== 'Synced')
      .map(({ metadata, status }) => [
        metadata.name,
        status?.health,
        status?.sync?.status,
        status?.conditions,
        status?.operationState?.message,
      ]);
  }

  #isOfCopy(pod: string): boolean {
    return /-x-/.test(pod);
  }

  /** Lets the world meet something, and go on without it. Undefined when the API refused it. */
  meet(give: () => void, takeBack: () => void): void {
    this.errors.length = 0;
    try {
      give();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return;
    }
    try {
      this.tree.simulation.run(() => false, SETTLE_MS);
      expect(this.errors).toEqual([]);
      expect(this.#running()).toBe(this.#before);
    } finally {
      takeBack();
      this.tree.simulation.run(() => false, SETTLE_MS);
    }
    expect(this.errors).toEqual([]);
    // Self-heal waits longer each time it has to put the same things right.
    this.tree.simulation.run(() => this.tree.isConverged(), HEAL_MAX_MS);
    expect(this.#unhealthy()).toEqual([]);
  }
}

it('nothing that an object or a setting may say breaks a controller, or touches what runs', {
  timeout: LIMIT_MS,
}, () => {
  const victim = new Victim();
  const objects = [...declared(), ...SETTINGS];
  expect(objects.length).toBeGreaterThan(10);
  const subject = fc.integer({ min: 0, max: objects.length });
  fc.assert(
    fc.property(subject, fc.array(spoil, { minLength: 1, maxLength: 3 }), (index, spoils) => {
      const object = objects[index];
      if (object === undefined) {
        const target = { kind: 'ConfigMap', namespace: 'argocd', name: 'argocd-cm' };
        const data = spoils.reduce<Json>(spoiled, ARGOCD_CM) as Record<string, Json>;
        const none = Object.fromEntries(Object.keys(data).map((key) => [key, null]));
        victim.meet(
          () => victim.resources.patch(target, { type: 'merge', patch: { data } }, { fieldManager: 'x' }),
          () => victim.resources.patch(target, { type: 'merge', patch: { data: none } }, { fieldManager: 'x' }),
        );
        return;
      }
      const part = object.spec === undefined ? 'data' : 'spec';
      const bad = { ...object, [part]: spoils.reduce<Json>(spoiled, object[part] as Json) } as Manifest;
      let made: KubeObject | undefined;
      victim.meet(
        () => {
          made = victim.resources.create(bad);
        },
        () => {
          if (made === undefined) return;
          const { namespace, name } = made.metadata;
          victim.resources.delete({ kind: kindIdOf(made), namespace, name });
        },
      );
    }),
    // Each case leaves the world as it found it, unless it fails: then nothing that follows means anything.
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
});
