/**
 * Many Applications in one engine, as a process of its own: `node bench/applications-engine.ts COUNT`. Real git, real time
 * and the durable store; a machine that runs nothing. Each Application is an overlay over one shared base, 20 resources.
 * Prints `{ coldMs, coldMb, commits: [{ commitMs, quietMs, steps }] }`: until all are Synced, resident memory then; from the
 * end of `git commit` of one changed overlay to its Application synced at that commit, until everything is at rest again, and
 * how many plans the commit led to.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalGit } from '../engine/edges/real/git/local-git.ts';
import { machineEntropy, machineIds } from '../engine/edges/real/machine-entropy.ts';
import { machineTime } from '../engine/edges/real/machine-time.ts';
import { openSqliteJournal } from '../engine/edges/real/sqlite-journal.ts';
import { installCluster } from '../engine/host/cluster-objects.ts';
import { allControllers } from '../engine/host/controllers.ts';
import { Engine } from '../engine/host/engine.ts';
import { builtInAdmission } from '../engine/mechanism/api/admission.ts';
import { kustomizeLibrary } from '../engine/stages/render/kustomize.ts';
import { DEFAULT_CONFIG } from '../engine/stages/sync/application/config.ts';
import type { Application } from '../engine/stages/sync/application/types.ts';

const REPO_URL = 'https://example.com/team/many.git';
const COMMITS = 5;
const SLICE_MS = 10;

const count = Number(process.argv[2] ?? 1000);
const folder = mkdtempSync(join(tmpdir(), 'pern-bench-applications-'));
try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure() {
  const repository = newRepository();
  const source = new LocalGit({ [REPO_URL]: repository }, kustomizeLibrary);
  const journal = openSqliteJournal(join(folder, 'objects.db'));
  let steps = 0;
  const engine = newEngine(source, journal, () => {
    steps++;
  });
  const synced = new Set<string>();
  engine.store.subscribe(({ object }) => {
    if (object.kind === 'Application' && isSynced(object as Application)) synced.add(object.metadata.name);
  });
  const began = performance.now();
  engine.start();
  await until(() => synced.size === count);
  const coldMs = performance.now() - began;
  await atRest(engine);
  globalThis.gc?.();
  const coldMb = process.memoryUsage.rss() / 1024 ** 2;
  const commits: { commitMs: number; quietMs: number; steps: number }[] = [];
  for (let round = 0; round < COMMITS; round++) {
    const before = steps;
    const name = nameOf(round * 7);
    const sha = commitChange(repository, name, round);
    const from = performance.now();
    await until(() => isDeployed(engine, name, sha));
    const commitMs = performance.now() - from;
    await atRest(engine);
    commits.push({ commitMs, quietMs: performance.now() - from, steps: steps - before });
  }
  engine.stop();
  source.close();
  journal.close();
  return { coldMs, coldMb, commits };
}

function newEngine(source: LocalGit, journal: ReturnType<typeof openSqliteJournal>, onStep: () => void): Engine {
  const admission = builtInAdmission({ serviceNetwork: '127.30' });
  const nothing = () => {};
  const engine = new Engine({
    scheduler: machineTime,
    ids: machineIds,
    entropy: machineEntropy,
    journal,
    admission,
    machine: {
      node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer: () => nothing },
      traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
      metrics: { setScrapes: nothing, answer: () => nothing },
      source,
    },
    controllers: allControllers({
      podNetwork: '127.31',
      ingressAddress: '127.0.0.1',
      application: { ...DEFAULT_CONFIG, normalise: admission.admit },
    }),
    onStep,
    sliceMs: SLICE_MS,
  });
  installCluster(engine.resources);
  for (let index = 0; index < count; index++) {
    const name = nameOf(index);
    engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    engine.resources.create({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name, namespace: 'argocd' },
      spec: {
        project: 'default',
        source: { repoURL: REPO_URL, targetRevision: 'main', path: `apps/${name}` },
        destination: { server: 'https://kubernetes.default.svc', namespace: name },
        syncPolicy: { automated: { prune: true, selfHeal: true } },
      },
    });
  }
  return engine;
}

function isSynced({ status }: Application): boolean {
  return status?.sync?.status === 'Synced' && status.operationState?.phase === 'Succeeded';
}

function isDeployed(engine: Engine, name: string, sha: string): boolean {
  const application = engine.store.get('Application.argoproj.io', 'argocd', name) as Application | undefined;
  if (application === undefined || !isSynced(application)) return false;
  return application.status?.operationState?.syncResult?.revision === sha;
}

/** Looks after each turn of the event loop, so that waiting costs next to nothing and is never late. */
async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Nothing is queued for a quarter of a second. */
async function atRest(engine: Engine): Promise<void> {
  let quietSince = performance.now();
  while (performance.now() - quietSince < 250) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (!engine.loop.idle) quietSince = performance.now();
  }
}

function nameOf(index: number): string {
  return `app-${String(index).padStart(4, '0')}`;
}

function newRepository(): string {
  const repository = join(folder, 'repository');
  mkdirSync(join(repository, 'base'), { recursive: true });
  git(repository, 'init', '--quiet', '--initial-branch', 'main');
  writeFileSync(join(repository, 'base/kustomization.yaml'), 'resources: [resources.yaml]\n');
  writeFileSync(join(repository, 'base/resources.yaml'), baseResources());
  for (let index = 0; index < count; index++) {
    const name = nameOf(index);
    mkdirSync(join(repository, 'apps', name), { recursive: true });
    writeFileSync(join(repository, 'apps', name, 'kustomization.yaml'), overlay(name, 0));
  }
  git(repository, 'add', '-A');
  git(repository, 'commit', '--quiet', '-m', 'first commit');
  return repository;
}

function commitChange(repository: string, name: string, round: number): string {
  writeFileSync(join(repository, 'apps', name, 'kustomization.yaml'), overlay(name, round + 1));
  git(repository, 'commit', '--quiet', '-am', `change ${name}`);
  return git(repository, 'rev-parse', 'HEAD').trim();
}

function git(repository: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', repository, ...identity, ...args], { encoding: 'utf8' });
}

function overlay(name: string, round: number): string {
  return `resources: [../../base]
namespace: ${name}
commonAnnotations: {example.com/owner: team-${name}}
configMapGenerator:
  - name: settings
    options: {disableNameSuffixHash: true}
    literals: [NAME=${name}, ROUND=${round}]
`;
}

/** 19 resources; the overlay's generated ConfigMap is the twentieth. */
function baseResources(): string {
  const objects: object[] = [];
  const add = (apiVersion: string, kind: string, name: string, body: object) =>
    objects.push({ apiVersion, kind, metadata: { name, labels: { app: name } }, ...body });
  for (let index = 0; index < 8; index++) {
    const data = Object.fromEntries(Array.from({ length: 10 }, (_, key) => [`key-${key}`, `value ${index} ${key}`]));
    add('v1', 'ConfigMap', `config-${index}`, { data });
  }
  for (const name of ['one', 'two']) {
    add('v1', 'Secret', `secret-${name}`, { stringData: { password: name } });
    add('v1', 'ServiceAccount', name, {});
    add('v1', 'Service', name, { spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] } });
    add('rbac.authorization.k8s.io/v1', 'Role', name, {
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
    });
  }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'one' };
  add('rbac.authorization.k8s.io/v1', 'RoleBinding', 'one', {
    roleRef,
    subjects: [{ kind: 'ServiceAccount', name: 'one', namespace: 'default' }],
  });
  add('policy/v1', 'PodDisruptionBudget', 'one', {
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'one' } } },
  });
  add('networking.k8s.io/v1', 'NetworkPolicy', 'one', { spec: { podSelector: {}, policyTypes: ['Ingress'] } });
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}
