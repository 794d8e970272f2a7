import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess, runToEnd } from './testing/engine-process.ts';
import { Environment } from './testing/environment.ts';
import { processesOfContainer } from './testing/processes.ts';
import { createRepository, overlayFile, type TestRepository } from './testing/repository.ts';
import { SteadyLoad } from './testing/steady-load.ts';

const DEVELOPMENT = 'development';
const NAMESPACE = 'pern-app-development';
const KUSTOMIZATION = overlayFile(DEVELOPMENT, 'kustomization.yaml');

const CRON_JOB = `apiVersion: batch/v1
kind: CronJob
metadata:
  name: forbidden
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: job
              image: redis:7.0
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: beside-it
data:
  key: value
`;

/** A version that never gets ready is given up after 10 s instead of a minute. */
function hurry(repository: TestRepository): void {
  repository.edit(overlayFile(DEVELOPMENT, 'frontend-rollout-patch.yaml'), (text) =>
    text.replace('progressDeadlineSeconds: 60', 'progressDeadlineSeconds: 10'),
  );
}

describe('bad input and accidents in the live host', () => {
  let repository: TestRepository;
  let engine: EngineProcess;
  let development: Environment;

  beforeAll(async () => {
    repository = createRepository(hurry);
    engine = await EngineProcess.start(repository, [DEVELOPMENT]);
    development = new Environment(engine, DEVELOPMENT);
    await development.untilHealthy();
    await development.untilAnswered('/api/info');
  });

  afterAll(async () => {
    await engine?.destroy();
    repository?.remove();
  });

  /** Commits what `spoil` did, waits for the error it must cause, takes the commit back and waits until all is well. */
  const comparisonError = async (spoil: () => void): Promise<string> => {
    const before = development.identities();
    spoil();
    const { sha } = repository.commit('a broken commit');
    const message = await engine.world.until('a ComparisonError', () => {
      const conditions = development.application()?.status?.conditions ?? [];
      return conditions.find(({ type }) => type === 'ComparisonError')?.message;
    });
    expect(development.application()?.status?.sync?.status).toBe('Unknown');
    expect((await development.request('/api/info')).status).toBe(200);
    const repaired = repository.revert();
    expect(repaired.sha).not.toBe(sha);
    await development.untilHealthy(repaired.sha);
    expect(development.identities()).toEqual(before);
    return message;
  };

  it('broken YAML in a commit: ComparisonError with file, line and reason; what runs is untouched; a revert recovers', async () => {
    const file = overlayFile(DEVELOPMENT, 'rollout-patch.yaml');
    const lines = repository.read(file).split('\n').length;
    const message = await comparisonError(() => repository.edit(file, (text) => `${text}  key: [unclosed\n`));
    expect(message).toMatch(new RegExp(`overlays/development/rollout-patch\\.yaml:(${lines}|${lines + 1}):\\d+`));
    expect(message.length).toBeGreaterThan(file.length + 10);
  });

  it('a kustomization that does not build: ComparisonError with file, line and what is missing; a revert recovers', async () => {
    const message = await comparisonError(() =>
      repository.edit(KUSTOMIZATION, (text) => text.replace('- ../../base\n', '- ../../base\n  - missing.yaml\n')),
    );
    expect(message).toMatch(/overlays\/development\/kustomization\.yaml:9/);
    expect(message).toContain('missing.yaml');
  });

  it('a kind that the project does not allow is refused with its rule, and nothing beside it is applied', async () => {
    repository.write(overlayFile(DEVELOPMENT, 'forbidden.yaml'), CRON_JOB);
    repository.edit(KUSTOMIZATION, (text) => text.replace('- ../../base\n', '- ../../base\n  - forbidden.yaml\n'));
    const { sha } = repository.commit('a kind that is not allowed');
    const application = await engine.world.until('a sync that is refused', () => {
      const found = development.application();
      const { syncResult } = found?.status?.operationState ?? {};
      const isRefused = syncResult?.revision === sha && (syncResult.resources ?? []).some(isCronJob);
      return isRefused ? found : undefined;
    });
    const result = application.status?.operationState?.syncResult?.resources?.find(isCronJob);
    expect(result).toMatchObject({ status: 'SyncFailed' });
    expect(result?.message).toMatch(/batch[:/]CronJob is not permitted in project "?pern-app"?/);
    const { items } = await engine.api.list('ConfigMap', NAMESPACE);
    expect(items.map(({ metadata }) => metadata.name)).not.toContain('beside-it');
    expect((await engine.api.call({ method: 'GET', path: '/apis/batch/v1/cronjobs' })).body).not.toMatchObject({
      items: [expect.anything()],
    });
    await development.untilHealthy(repository.revert().sha);
  });

  const isCronJob = ({ kind }: { kind?: string }) => kind === 'CronJob';

  it('an unknown image: ErrImagePull, no request for the canary, and after its deadline a degraded rollout', async () => {
    const weightsBefore = development.weights('frontend').length;
    repository.release(DEVELOPMENT, 'frontend', '9.9.9');
    const message = await engine.world.until('a pod that cannot pull its image', () => pullError('frontend'));
    expect(message).toContain('ghcr.io/pern-gitops/frontend:9.9.9');
    const rollout = await engine.world.until('the deadline', () => {
      const found = development.rollout('frontend');
      return found?.status?.phase === 'Degraded' && found;
    });
    expect(rollout.status?.message).toContain('ProgressDeadlineExceeded');
    await engine.world.until('a degraded Application', () => {
      return development.application()?.status?.health?.status === 'Degraded';
    });
    expect(development.weights('frontend')).toHaveLength(weightsBefore);
    for (let request = 0; request < 50; request++) {
      expect(await development.request('/')).toMatchObject({ status: 200, version: '1.0.0' });
    }
    await development.untilHealthy(repository.revert().sha);
    await engine.world.until('only the good pod is left', () => development.pods('frontend').length === 1);
  });

  /** What the kubelet says about a container's image that it could not get. */
  const pullError = (podPrefix: string): string | undefined =>
    development
      .pods(podPrefix)
      .map(({ status }) => status?.containerStatuses?.[0]?.state?.waiting)
      .find((state) => state?.reason === 'ErrImagePull')?.message;

  it('an unknown back-end image: the migration stands in front, its deadline fails the sync, a revert recovers', async () => {
    const before = development.identities();
    // In the same commit, so that it holds for this sync alone.
    repository.edit('pern-gitops/apps/pern-app/base/migration.yaml', (text) =>
      text.replace('activeDeadlineSeconds: 600', 'activeDeadlineSeconds: 2'),
    );
    const { sha } = repository.release(DEVELOPMENT, 'backend', '9.9.9');
    await engine.world.until('a migration that cannot pull its image', () => pullError('migration'));
    const failure = await engine.world.until('a sync that fails', () => {
      const { syncResult, message } = development.application()?.status?.operationState ?? {};
      return syncResult?.revision === sha && message?.includes('completed unsuccessfully') && message;
    });
    expect(failure).toMatch(/Job was active longer than specified deadline/);
    const { syncResult } = development.application()?.status?.operationState ?? {};
    expect((syncResult?.resources ?? []).find(({ kind }) => kind === 'Job')).toMatchObject({ hookPhase: 'Failed' });
    expect(development.identities()).toEqual(before);
    await development.untilHealthy(repository.revert().sha);
    expect(development.identities()).toEqual(before);
  });

  it('PostgreSQL killed under load: restarted, no row lost, and the back end recovers without a restart', async () => {
    await development.write('from before the accident');
    const before = development.identities('backend');
    const [postgres] = development.identities('postgres');
    const load = new SteadyLoad({ ingressPort: engine.ingressPort, environment: DEVELOPMENT }, 50);
    await load.sent(100);
    const server = processesOfContainer(postgres?.uid ?? '', 'postgres').filter(({ command }) =>
      /(^|\/)postgres -D/.test(command),
    );
    expect(server).toHaveLength(1);
    process.kill(server[0]?.pid ?? 0, 'SIGKILL');
    await engine.world.until('PostgreSQL runs again', () => {
      const [now] = development.identities('postgres');
      return now !== undefined && now.restarts === 1;
    });
    await development.untilAnswered('/api/articles?limit=1');
    const observations = await load.stop();
    expect(observations.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    const page = JSON.parse((await development.untilAnswered('/api/articles?limit=100')).text) as {
      articlesCount: number;
    };
    // Every article that was answered with 201 is there; one more may be, whose answer was lost on its way.
    const written = observations.filter(({ status }) => status === 201).length + 1;
    expect(page.articlesCount).toBeGreaterThanOrEqual(written);
    expect(development.identities('postgres')[0]?.uid).toBe(postgres?.uid);
    expect(development.identities('backend')).toEqual(before);
    await development.untilHealthy();
  });

  it.each([
    ['no token', undefined],
    ['a wrong token', 'wrong'],
  ])('the API answers 401 to %s', async (_, token) => {
    for (const path of ['/api/v1/pods', '/pern/v1/info', '/prometheus/api/v1/query?query=up']) {
      const { status, body } = await engine.api.call({ method: 'GET', path, token });
      expect([path, status]).toEqual([path, 401]);
      expect(body).toMatchObject({ kind: 'Status', reason: 'Unauthorized' });
    }
  });
});

describe('starts that are refused, with one sentence and exit code 2', () => {
  let repository: TestRepository;
  let folder: string;

  beforeAll(() => {
    repository = createRepository();
    folder = mkdtempSync(join(tmpdir(), 'pern-refused-'));
  });

  afterAll(() => {
    repository.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['apiPort', '--api-port'],
    ['ingressPort', '--ingress-port'],
  ] as const)('%s in use', async (option, flag) => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    const { code, said } = await runToEnd({ repository: repository.path, state: join(folder, option), [option]: port });
    await new Promise((resolve) => squatter.close(resolve));
    expect([code, said.split('\n').length]).toEqual([2, 1]);
    expect(said).toMatch(new RegExp(`port ${port} .*in use.*${flag}`));
  });

  it('a state folder of another version', async () => {
    const state = join(folder, 'other-version');
    mkdirSync(state);
    const database = new DatabaseSync(join(state, 'objects.db'));
    database.exec('PRAGMA user_version = 99; CREATE TABLE something (id INTEGER)');
    database.close();
    const { code, said } = await runToEnd({ repository: repository.path, state });
    expect([code, said.split('\n').length]).toEqual([2, 1]);
    expect(said).toMatch(/another version of the engine.*99.*pern down --purge/);
  });

  it('a folder that is no git repository', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const { code, said } = await runToEnd({ repository: empty, state: join(folder, 'none') });
    expect([code, said.split('\n').length]).toEqual([2, 1]);
    expect(said).toMatch(/not a git repository.*run pern inside a git repository/);
  });

  it('an environment that the tree does not have', async () => {
    const { code, said } = await runToEnd({
      repository: repository.path,
      state: join(folder, 'unknown'),
      environments: ['nowhere'],
    });
    expect([code, said.split('\n').length]).toEqual([2, 1]);
    expect(said).toMatch(/no environment "nowhere".*development, production, staging/);
  });
});
