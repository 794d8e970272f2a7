/**
 * The engine's real HTTPS API over an empty store, without controllers, for tests of the commands: what a command sends
 * is what the store holds afterwards.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ensureServerCertificate } from '../engine/edges/real/http-api/certificates.ts';
import { writeKubeconfig } from '../engine/edges/real/http-api/kubeconfig.ts';
import { HttpApi } from '../engine/edges/real/http-api/server.ts';
import { machineIds } from '../engine/edges/real/machine-entropy.ts';
import { Access } from '../engine/mechanism/api/access/access.ts';
import { NO_AUDIT } from '../engine/mechanism/api/audit/record.ts';
import { Resources } from '../engine/mechanism/api/resources.ts';
import { volatileJournal } from '../engine/mechanism/store/journal.ts';
import { Store } from '../engine/mechanism/store/store.ts';
import type { KubeObject, Manifest } from '../engine/vocabulary/kube/object.ts';
import { runProgram } from './program.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

interface TestCluster {
  resources: Resources;
  /** Bodies of the build requests so far. */
  builds: unknown[];
  kubeconfig: string;
  token: string;
  /** Creates the objects of a fixture of the views, with new uids that owner references follow. */
  load(fixture: string): void;
  close(): Promise<void>;
}

const NOW_MS = Date.parse('2026-01-01T10:01:03Z');

async function openTestCluster(): Promise<TestCluster> {
  const folder = temporaryFolder('pern-cluster-');
  const store = new Store(volatileJournal);
  const admission = { admit: (object: KubeObject) => object };
  const resources = new Resources({ store, clock: { now: () => NOW_MS }, ids: machineIds, admission });
  const certificate = await ensureServerCertificate(join(folder, 'certificate.json'), Date.now());
  const token = 'test-token';
  const builds: unknown[] = [];
  const api = new HttpApi({
    resources,
    certificate,
    token,
    access: new Access(store),
    audit: NO_AUDIT,
    version: { major: '1', minor: '35', gitVersion: 'v1.35.0', gitCommit: '' },
    now: () => NOW_MS,
    extraRoutes(request, response, url) {
      if (url.pathname !== '/pern/v1/builds') return false;
      request.on('data', (part: Buffer) => builds.push(JSON.parse(part.toString())));
      request.on('end', () => response.end('{"image":"r/backend:9.0.0","imageId":"sha256:1","seconds":1.25}'));
      return true;
    },
    logs: async function* (_pod, container) {
      yield Buffer.from(`first line of ${container}\nsecond line\n`);
      await Promise.resolve();
    },
  });
  const port = await api.listen(0);
  const kubeconfig = join(folder, 'kubeconfig');
  writeKubeconfig(kubeconfig, { server: `https://127.0.0.1:${port}`, ca: certificate.ca, token });
  return {
    resources,
    builds,
    kubeconfig,
    token,
    load: (fixture) => loadFixture(resources, fixture),
    close: () => api.close(),
  };
}

function loadFixture(resources: Resources, fixture: string): void {
  const file = join(import.meta.dirname, 'view', 'testdata', `${fixture}.yaml`);
  const objects = parseAllDocuments(readFileSync(file, 'utf8'))
    .slice(1)
    .map((document) => document.toJS() as KubeObject);
  const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace as string));
  for (const name of namespaces) {
    if (resources.store.get('Namespace', undefined, name) !== undefined) continue;
    resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  const uids = new Map<string, string>();
  for (const { status, ...object } of objects) {
    const owners = object.metadata.ownerReferences?.map((owner) => ({
      ...owner,
      uid: uids.get(owner.uid) ?? owner.uid,
    }));
    const manifest = {
      ...object,
      metadata: { ...object.metadata, uid: undefined, resourceVersion: undefined, ownerReferences: owners },
    };
    const created = resources.create({ ...manifest, status } as Manifest);
    uids.set(object.metadata.uid, created.metadata.uid);
    const ref = {
      kind: object.kind === 'Application' ? 'Application.argoproj.io' : kindId(object),
      namespace: created.metadata.namespace,
      name: created.metadata.name,
    };
    if (status === undefined) continue;
    const current = resources.get(ref);
    const generation = String(current.metadata.generation ?? 1);
    const observed = object.kind === 'Rollout' ? { ...status, observedGeneration: generation } : status;
    const isField = ['Application', 'AnalysisRun'].includes(object.kind);
    resources.patch(ref, { type: 'merge', patch: { status: observed } }, isField ? {} : { subresource: 'status' });
  }
}

function kindId({ apiVersion, kind }: KubeObject): string {
  return apiVersion.includes('/') ? `${kind}.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : kind;
}

interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** Runs one command line against a kubeconfig. `stop` receives what ends a watching command; `onWrite` sees stdout. */
async function runPern(
  kubeconfig: string,
  line: string,
  { onWrite, onStop }: { onWrite?: (out: string) => void; onStop?: (stop: () => void) => void } = {},
): Promise<Outcome> {
  const output = { out: '', err: '' };
  const code = await runProgram({
    words: [...line.split(' '), '--kubeconfig', kubeconfig],
    stdout: {
      write(text) {
        output.out += text;
        onWrite?.(output.out);
      },
    },
    stderr: {
      write(text) {
        output.err += text;
      },
    },
    environment: {},
    folder: '/',
    now: () => NOW_MS,
    onSignal: (stop) => onStop?.(() => stop('SIGINT')),
  });
  return { code, ...output };
}

const NS = 'pern-app-development';
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await openTestCluster();
  cluster.load('system-starting');
});
afterAll(() => cluster.close());

const pern = (line: string) => runPern(cluster.kubeconfig, line);

describe('commands against the API of the engine', () => {
  it("get prints the server's table", async () => {
    const { code, out, err } = await pern(`get pods -n ${NS}`);
    expect([code, err]).toEqual([0, '']);
    const [titles, ...rows] = out.trimEnd().split('\n');
    expect(titles).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE/);
    expect(rows).toHaveLength(4);
  });

  it('get finds the namespace of an environment, and lists all namespaces', async () => {
    expect((await pern('get po -e development -o name')).out.trim().split('\n')).toHaveLength(4);
    expect((await pern('get rollouts -A')).out).toMatch(/^NAMESPACE +NAME/);
    const { code, err } = await pern('get pods -e developmint');
    expect([code, err]).toEqual([
      2,
      'Error: there is no environment "developmint"\n  fix    use one of: development, production\n',
    ]);
  });

  it('get -o json and -o yaml print whole objects', async () => {
    const single = JSON.parse((await pern(`get ro/backend -n ${NS} -o json`)).out) as KubeObject;
    expect([single.kind, single.metadata.name]).toEqual(['Rollout', 'backend']);
    const list = JSON.parse((await pern(`get pods -n ${NS} -o json`)).out) as { kind: string; items: KubeObject[] };
    expect([list.kind, list.items.length, list.items[0]?.kind]).toEqual(['List', 4, 'Pod']);
    expect((await pern(`get sts postgres -n ${NS} -o yaml`)).out).toMatch(
      /^apiVersion: apps\/v1\nkind: StatefulSet\n/m,
    );
  });

  it('get says what is not there, on stderr', async () => {
    expect(await pern('get configmaps -n argocd')).toEqual({
      code: 0,
      out: '',
      err: 'No configmaps found in namespace argocd.\n',
    });
    expect(await pern(`get pod nope -n ${NS}`)).toEqual({ code: 2, out: '', err: 'Error: pods "nope" not found\n' });
    expect((await pern('get pdos')).err).toBe(
      'Error: the server has no resource type "pdos"\n  fix    did you mean "pods"?\n',
    );
  });

  it('describe shows fields and events', async () => {
    const { out } = await pern(`describe pod postgres-0 -n ${NS}`);
    expect(out).toContain('Controlled By:   StatefulSet/postgres');
    expect(out).toContain('reason: CrashLoopBackOff');
  });

  it('logs prints a pod as it is, and several with their names', async () => {
    expect((await pern(`logs postgres-0 -n ${NS}`)).out).toBe('first line of postgres\nsecond line\n');
    expect((await pern(`logs statefulset/postgres -n ${NS}`)).err).toContain('a StatefulSet has no pods of its own');
  });

  it('app list, app get and rollout list', async () => {
    expect((await pern('app list')).out.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'NAME',
      'root',
      'pern-app-development',
      'pern-app-production',
      '',
    ]);
    expect((await pern('app get production')).out).toContain('ComparisonError');
    expect((await pern('app get prodution')).err).toContain('did you mean "production"?');
    expect((await pern('rollout list')).out).toMatch(/pern-app-development +backend +Canary +◌ Progressing +2\/5/);
  });

  it('rollout get shows steps, pods and measurements (rollouts/K02)', async () => {
    const { code, out } = await pern('rollout get backend -e development');
    expect(code).toBe(0);
    expect(out).toContain('▶  3  analysis: success-rate, latency  running');
    expect(out).toContain('□ backend-6f5d8c9b-ccccc');
    expect(out).toContain('values   ✔ [0.99812]  ✔ [1]');
  });

  it('rollout get of what is not there says so and where there is one (rollouts/K01)', async () => {
    const { code, err } = await pern('rollout get backend');
    expect(code).toBe(2);
    expect(err).toContain('rollouts.argoproj.io "backend" not found');
    expect(err).toContain(`-n ${NS}`);
  });

  it('a watched rollout is drawn again when it changes, and the command ends by a signal with 0', async () => {
    let stop = () => {};
    let isChanged = false;
    const run = await runPern(cluster.kubeconfig, 'rollout get backend -e development -w', {
      onStop: (end) => {
        stop = end;
      },
      onWrite: (out) => {
        if (!isChanged) {
          isChanged = true;
          const ref = { kind: 'Rollout.argoproj.io', namespace: NS, name: 'backend' };
          cluster.resources.patch(
            ref,
            { type: 'merge', patch: { status: { message: 'seen live' } } },
            { subresource: 'status' },
          );
        } else if (out.includes('seen live')) stop();
      },
    });
    expect(run.code).toBe(0);
    expect(
      run.out
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ')),
    ).toEqual([
      '◌ Progressing step 3/5 analysis: success-rate, latency weight 20 more replicas need to be updated',
      '◌ Progressing step 3/5 analysis: success-rate, latency weight 20 seen live',
    ]);
  });

  it('rollout abort, status and retry are writes on the object (rollouts/K06)', async () => {
    const status = () =>
      cluster.resources.get({ kind: 'Rollout.argoproj.io', namespace: NS, name: 'backend' }).status as Record<
        string,
        unknown
      >;
    expect((await pern('rollout abort backend -e development')).out).toBe("rollout 'backend' aborted\n");
    expect(status().abort).toBe(true);
    cluster.resources.patch(
      { kind: 'Rollout.argoproj.io', namespace: NS, name: 'backend' },
      { type: 'merge', patch: { status: { phase: 'Degraded', message: 'RolloutAborted: because' } } },
      { subresource: 'status' },
    );
    const degraded = await pern('rollout status backend -e development');
    expect([degraded.code, degraded.out]).toEqual([1, '✖ Degraded - RolloutAborted: because\n']);
    expect((await pern('rollout retry backend -e development')).code).toBe(0);
    expect(status().abort).toBe(false);
  });

  it('app sync writes the operation', async () => {
    const { code } = await pern('app sync production --prune --async');
    expect(code).toBe(0);
    const application = cluster.resources.get({
      kind: 'Application.argoproj.io',
      namespace: 'argocd',
      name: 'pern-app-production',
    });
    expect(application.operation).toEqual({
      initiatedBy: { username: 'pern' },
      sync: { prune: true, syncStrategy: { hook: {} } },
    });
    expect((await pern('app sync production')).err).toContain('another operation is already in progress');
  });

  it('status draws the whole tree', async () => {
    const { code, out } = await pern('status');
    expect(code).toBe(0);
    expect(out).toMatch(/development +✔ Synced {2}◌ Progressing/);
    expect(out).toMatch(/postgres-0 +⚠ CrashLoopBackOff/);
  });

  it('release builds, commits one line, and says what it did; promote carries it on', async () => {
    const folder = temporaryFolder('pern-release-');
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' });
    cpSync(join(import.meta.dirname, '..', 'pern-gitops'), join(folder, 'pern-gitops'), { recursive: true });
    git('init', '--quiet', '--initial-branch', 'main');
    git('add', '-A');
    git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '--quiet', '-m', 'initial');

    // What a sync of the commit does.
    cluster.resources.patch(
      { kind: 'Rollout.argoproj.io', namespace: NS, name: 'backend' },
      {
        type: 'merge',
        patch: { spec: { template: { spec: { containers: [{ name: 'backend', image: 'r/backend:9.0.0' }] } } } },
      },
    );
    const released = await pern(
      `release backend 9.0.0 --fault error-rate=0.2 --fault latency-ms=5 --repository ${folder}`,
    );
    expect(released.err).toContain('Built r/backend:9.0.0 in 1.3 s');
    expect([released.code, cluster.builds]).toEqual([
      0,
      [{ component: 'backend', version: '9.0.0', faults: 'error-rate=0.2,latency-ms=5' }],
    ]);
    expect(git('log', '-1', '--format=%B')).toMatch(
      /^Release backend 9\.0\.0 to development\n\n.*: \S+ -> 9\.0\.0\n\nBuilt with faults: error-rate=0\.2, latency-ms=5\n/,
    );
    expect(git('diff', 'HEAD~', '--numstat').trim()).toBe(
      '1\t1\tpern-gitops/apps/pern-app/overlays/development/kustomization.yaml',
    );

    const promoted = await pern(`promote development staging --component backend --repository ${folder}`);
    expect([promoted.code, promoted.out.includes('+    newTag: 9.0.0')]).toEqual([0, true]);
    expect((await pern(`promote development staging --component backend --repository ${folder}`)).err).toContain(
      'nothing to commit',
    );

    appendFileSync(join(folder, 'pern-gitops/apps/pern-app/overlays/development/kustomization.yaml'), '# an idea\n');
    const refused = await pern(`release backend 9.1.0 --repository ${folder}`);
    expect([refused.code, refused.err.split('\n')[0]]).toEqual([
      2,
      'Error: this file has changes that are not committed',
    ]);
    expect(cluster.builds).toHaveLength(1);
  });

  it('a wrong token and a server that is gone are said in one sentence', async () => {
    const wrong = `${cluster.kubeconfig}.wrong`;
    const config = (token: string, port: number) => ({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
    writeFileSync(wrong, readFileSync(cluster.kubeconfig, 'utf8').replace(cluster.token, 'guess'));
    const refused = await runPern(wrong, 'get pods');
    expect([refused.code, refused.err.split('\n')[0]]).toEqual([2, 'Error: Unauthorized']);
    writeFileSync(wrong, JSON.stringify(config('t', 1)));
    const gone = await runPern(wrong, 'get pods');
    expect(gone.code).toBe(2);
    expect(gone.err).toContain('Error: the API does not answer');
    expect(gone.err).toContain('start the engine with "pern up"');
    expect((await runPern(wrong, 'get pods --context y')).err).toContain('use --context with one of: x');
  });
});
