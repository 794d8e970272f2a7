import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess } from './testing/engine-process.ts';
import { Environment, type PodIdentity } from './testing/environment.ts';
import { processesOfContainer } from './testing/processes.ts';
import { type Commit, createRepository, overlayFile, type TestRepository } from './testing/repository.ts';
import { type Observation, SteadyLoad, sentBetween, sharePercent, summarise } from './testing/steady-load.ts';

const DEVELOPMENT = 'development';
const NAMESPACE = 'pern-app-development';
const WEIGHTS = [5, 10, 25, 50, 75, 100];
const REQUESTS_PER_SECOND = 400;
/** What issue 2 asks for at each weight, and some, because the first ones after a change are left out. */
const REQUESTS_PER_STEP = 2000;
/** Requests that may still be on their way by the old weight when the new one is seen. */
const REQUESTS_IN_FLIGHT = 100;

/** Each weight holds until the test has counted its requests, instead of five seconds: the verdicts stay the engine's. */
function waitForPromotion(repository: TestRepository): void {
  repository.edit(overlayFile(DEVELOPMENT, 'pace.yaml'), (text) => text.replace('pause: 5s', 'pause: 1h'));
}

describe('the story of a release in the live host', () => {
  let repository: TestRepository;
  let engine: EngineProcess;
  let development: Environment;
  let load: SteadyLoad | undefined;

  const start = async () => {
    engine = await EngineProcess.start(repository, [DEVELOPMENT]);
    development = new Environment(engine, DEVELOPMENT);
  };
  const startLoad = () => {
    load = new SteadyLoad({ ingressPort: engine.ingressPort, environment: DEVELOPMENT }, REQUESTS_PER_SECOND);
    return load;
  };

  beforeAll(async () => {
    repository = createRepository(waitForPromotion);
    await start();
    await development.untilHealthy();
    await development.untilAnswered('/api/info');
  });

  afterAll(async () => {
    // First, so that requests on their way are answered or refused, and the load has an end.
    await engine?.destroy();
    await load?.stop();
    repository?.remove();
  });

  describe('a good release under constant load', () => {
    let commit: Commit;
    let observations: readonly Observation[];
    const windows = new Map<number, { fromMs: number; toMs: number }>();

    beforeAll(async () => {
      await engine.api.build({ component: 'backend', version: '1.1.0' });
      const traffic = startLoad();
      await traffic.sent(REQUESTS_IN_FLIGHT);
      commit = repository.release(DEVELOPMENT, 'backend', '1.1.0');
      for (const weight of WEIGHTS) {
        await development.untilPausedAt(weight);
        await traffic.sent(REQUESTS_IN_FLIGHT);
        const fromMs = Date.now();
        await traffic.sent(REQUESTS_PER_STEP + REQUESTS_IN_FLIGHT);
        const toMs = Date.now();
        await development.promote();
        windows.set(weight, { fromMs, toMs });
      }
      await development.untilHealthy(commit.sha);
      await traffic.sent(REQUESTS_IN_FLIGHT);
      observations = await traffic.stop();
    });

    it('its sync starts within 2 s of the commit', () => {
      const running = engine.world
        .history('Application.argoproj.io', 'argocd', NAMESPACE)
        .find(({ object }) => object.status?.operationState?.syncResult?.revision === commit.sha);
      expect(running).toBeDefined();
      expect((running?.atMs ?? 0) - commit.doneAtMs).toBeLessThan(2000);
    });

    it('the canary takes its weights in order, and none is left when it is promoted', () => {
      expect(development.weights().map(({ percent }) => percent)).toEqual([0, ...WEIGHTS, 0]);
    });

    it.each(WEIGHTS)('at %i % the share of answers from the canary is within 3 points', (weight) => {
      const { fromMs = 0, toMs = 0 } = windows.get(weight) ?? {};
      const window = sentBetween(observations, fromMs, toMs);
      expect(window.length).toBeGreaterThanOrEqual(REQUESTS_PER_STEP);
      const share = sharePercent(window, '1.1.0');
      expect(share).toBeGreaterThanOrEqual(weight - 3);
      expect(share).toBeLessThanOrEqual(weight + 3);
    });

    it('its analyses read real metrics', () => {
      const runs = development.analysisRuns();
      // One in the background and one gate for each weight.
      expect(runs).toHaveLength(WEIGHTS.length + 1);
      for (const { status, metadata } of runs) {
        expect([metadata.name, status?.phase]).toEqual([metadata.name, 'Successful']);
        const results = status?.metricResults ?? [];
        expect(results.map(({ name }) => name)).toEqual(
          expect.arrayContaining([
            'database-pool-in-use',
            'database-query-p95',
            'error-rate',
            'latency-p95',
            'success-rate',
          ]),
        );
      }
      const rates = runs.flatMap(({ status }) => valuesOf(status?.metricResults, 'success-rate'));
      expect(rates.length).toBeGreaterThanOrEqual(WEIGHTS.length);
      expect(rates.filter((value) => value === 1).length).toBeGreaterThan(0);
      const latencies = runs.flatMap(({ status }) => valuesOf(status?.metricResults, 'latency-p95'));
      expect(latencies.filter((value) => value > 0 && value <= 0.5).length).toBeGreaterThan(0);
    });

    it('it is promoted: every answer comes from the new version', async () => {
      const { status } = development.rollout() ?? {};
      expect(status).toMatchObject({ phase: 'Healthy' });
      expect(status?.stableRS).toBe(status?.currentPodHash);
      expect((await development.request('/api/info')).version).toBe('1.1.0');
    });

    it('not one request failed, from the first step to the last', () => {
      expect(observations.length).toBeGreaterThan(WEIGHTS.length * REQUESTS_PER_STEP);
      expect(observations.filter(({ status }) => status < 200 || status >= 300)).toEqual([]);
    });
  });

  describe('a release that answers 20 % of requests with 500', () => {
    const BAD = '1.2.0';
    const ERROR_RATE = 0.2;
    let observations: readonly Observation[];
    let verdictRun: string;

    beforeAll(async () => {
      await engine.api.build({ component: 'backend', version: BAD, faults: `error-rate=${ERROR_RATE}` });
      const traffic = startLoad();
      repository.release(DEVELOPMENT, 'backend', BAD);
      verdictRun = await engine.world.until('an analysis fails', failedRun);
      await engine.world.until('the weight is 0 again', () => development.weights().at(-1)?.percent === 0);
      await engine.world.until('the Application is Degraded', () => {
        return development.application()?.status?.health?.status === 'Degraded';
      });
      // More than a second of them.
      await traffic.sent(2 * REQUESTS_PER_SECOND);
      observations = await traffic.stop();
    });

    const failedRun = () => development.analysisRuns().find(({ status }) => status?.phase === 'Failed')?.metadata.name;

    it('its analysis aborts it: the canary never gets more than the first weight', () => {
      expect(development.rollout()?.status).toMatchObject({ abort: true, phase: 'Degraded' });
      const weights = development.weights().map(({ percent }) => percent);
      expect(weights.slice(-3)).toEqual([0, 5, 0]);
    });

    it('the weight is 0 within 1 s of the verdict', () => {
      const verdict = verdictSeen();
      const back = development.weights().at(-1)?.seen;
      expect(back?.version).toBeGreaterThan(verdict?.version ?? Number.POSITIVE_INFINITY);
      expect((back?.atMs ?? 0) - (verdict?.atMs ?? 0)).toBeLessThan(1000);
    });

    const verdictSeen = () =>
      engine.world
        .history('AnalysisRun.argoproj.io', NAMESPACE, verdictRun)
        .find(({ object }) => object.status?.phase === 'Failed');

    it('from 1 s after the verdict on, nobody is sent to the canary', () => {
      const sentAfterMs = (verdictSeen()?.atMs ?? 0) + 1000;
      const late = observations.filter(({ atMs, durationMs }) => atMs - durationMs >= sentAfterMs);
      expect(late.length).toBeGreaterThan(0);
      expect(late.filter(({ version }) => version === BAD)).toEqual([]);
    });

    it('only requests to the canary failed, and no more than its weight and its error rate explain', () => {
      const { byVersion, requests, failed } = summarise(observations);
      const canary = byVersion[BAD] ?? { requests: 0, failed: 0 };
      expect(failed).toBe(canary.failed);
      expect(failed).toBeGreaterThan(0);
      expect(canary.requests).toBeLessThanOrEqual(requests * 0.08);
      // Four standard deviations of a binomial: an honest run is above this once in thirty thousand.
      const spread = 4 * Math.sqrt(canary.requests * ERROR_RATE * (1 - ERROR_RATE));
      expect(failed).toBeLessThanOrEqual(canary.requests * ERROR_RATE + spread);
    });

    it('the AnalysisRun says why: the query as it was sent, the value, the threshold', () => {
      const { spec, status } = engine.world.find('AnalysisRun.argoproj.io', NAMESPACE, verdictRun) ?? {};
      expect(status?.message).toMatch(/success-rate.*(assessed Failed|Failed)/);
      const metric = (spec?.metrics ?? []).find(({ name }) => name === 'success-rate');
      expect(metric?.failureCondition).toContain('result[0] < 0.95');
      const result = (status?.metricResults ?? []).find(({ name }) => name === 'success-rate');
      expect(result?.phase).toBe('Failed');
      const failures = (result?.measurements ?? []).filter(({ phase }) => phase === 'Failed');
      for (const { value } of failures) {
        const [rate] = JSON.parse(value ?? '[]') as number[];
        expect(rate).toBeGreaterThan(0.5);
        expect(rate).toBeLessThan(0.95);
      }
      expect(failures.length).toBeGreaterThan(0);
      const hash = development.rollout()?.status?.currentPodHash as string;
      const query = result?.metadata?.ResolvedPrometheusQuery ?? '';
      expect(query).toContain(`namespace="${NAMESPACE}"`);
      expect(query).toContain(`rollouts_pod_template_hash="${hash}"`);
      expect(query).not.toContain('{{');
    });

    it('the Rollout, its Application and the events say why', () => {
      const status = development.rollout()?.status;
      expect(status?.message).toMatch(/RolloutAborted: .*aborted update to revision \d+/);
      expect(status?.message).toContain('success-rate');
      const health = development.application()?.status?.health;
      expect(health?.status).toBe('Degraded');
      const resource = (development.application()?.status?.resources ?? []).find(
        ({ kind, name }) => kind === 'Rollout' && name === 'backend',
      );
      expect(resource?.health).toMatchObject({
        status: 'Degraded',
        message: expect.stringContaining('RolloutAborted'),
      });
      const events = development.events('backend');
      expect(events.filter((event) => event.startsWith('RolloutAborted:')).join()).toContain('success-rate');
      expect(events.some((event) => event.startsWith('AnalysisRunFailed:') && event.includes(verdictRun))).toBe(true);
    });

    it('the stable version never stopped', async () => {
      expect((await development.request('/api/info')).version).toBe('1.1.0');
    });
  });

  it('a revert of the commit makes it healthy again, without a new canary', async () => {
    const before = development.weights().length;
    const { sha } = repository.revert();
    await development.untilHealthy(sha);
    expect(development.rollout()?.status).toMatchObject({ phase: 'Healthy' });
    expect(development.rollout()?.status?.abort ?? false).toBe(false);
    expect(development.weights()).toHaveLength(before);
    expect((await development.request('/api/info')).version).toBe('1.1.0');
  });

  describe('kill -9 of the engine in the middle of a canary', () => {
    let commit: Commit;
    let before: PodIdentity[];
    let step: number | undefined;

    beforeAll(async () => {
      await engine.api.build({ component: 'backend', version: '1.3.0' });
      commit = repository.release(DEVELOPMENT, 'backend', '1.3.0');
      for (const weight of [5, 10]) {
        await development.untilPausedAt(weight);
        await development.promote();
      }
      step = (await development.untilPausedAt(25)).status?.currentStepIndex;
      before = development.identities();
      await engine.kill();
      await start();
      // The first answer comes when the controllers have drawn up the routes again.
      await development.untilAnswered('/api/info');
    });

    it('the rollout is at the same step with the same weight', async () => {
      const { status } = await development.untilPausedAt(25);
      expect(status?.currentStepIndex).toBe(step);
      const traffic = startLoad();
      await traffic.sent(2 * REQUESTS_IN_FLIGHT);
      const observations = await traffic.stop();
      expect(summarise(observations).failed).toBe(0);
      const share = sharePercent(observations, '1.3.0');
      expect(share).toBeGreaterThan(20);
      expect(share).toBeLessThan(30);
    });

    it('the pods are the ones from before, none restarted, none twice', () => {
      expect(before.length).toBeGreaterThanOrEqual(5);
      expect(development.identities()).toEqual(before);
      for (const { uid, name } of before) {
        const container = name.split('-')[0] as string;
        const runs = new Set(processesOfContainer(uid, container).map(({ run }) => run));
        expect([name, [...runs]]).toEqual([name, [`${uid}/${container}/0`]]);
      }
    });

    it('it goes on from there to its end', async () => {
      await development.promote();
      for (const weight of [50, 75, 100]) {
        await development.untilPausedAt(weight);
        await development.promote();
      }
      await development.untilHealthy(commit.sha);
      // Another watch tells of the Ingress, and may be later than the Rollout's.
      await engine.world.until('no weight is left', () => development.weights().at(-1)?.percent === 0);
      expect(development.weights().map(({ percent }) => percent)).toEqual([25, 50, 75, 100, 0]);
      expect((await development.request('/api/info')).version).toBe('1.3.0');
    });
  });
});

/** Numbers that a metric's measurements have found. */
function valuesOf(
  results: readonly { name: string; measurements?: readonly { value?: string }[] }[] | undefined,
  name: string,
): number[] {
  const measurements = (results ?? []).find((result) => result.name === name)?.measurements ?? [];
  return measurements.flatMap(({ value }) => {
    const [first] = JSON.parse(value ?? '[]') as unknown[];
    return typeof first === 'number' && !Number.isNaN(first) ? [first] : [];
  });
}
