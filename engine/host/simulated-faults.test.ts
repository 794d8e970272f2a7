import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StepRecord } from '#control/control-loop.ts';
import { HEALTHY } from '#edges/sim/traffic/behaviour.ts';
import { type Environment, imageOf, SimulatedTree, steadyLoad } from './simulated-tree.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const HOUR_MS = 3_600_000;
const BAD = imageOf('backend', '1.1.0');
/** Wall-clock limits only end a test that hangs; nothing is judged by them. */
const TIMEOUT_MS = 120_000;

/** Releases an image whose share of 500s is `errorRate`, until the Rollout is Degraded. */
function releaseBad(environment: Environment, errorRate: number) {
  const steps: StepRecord[] = [];
  const tree = new SimulatedTree(REPOSITORY, {
    images: { [BAD]: { service: { ...HEALTHY, errorRate } } },
    onStep: (step) => steps.push(step),
  }).install();
  const startMs = tree.nowMs;
  let weightMax = 0;
  const isAborted = () => {
    weightMax = Math.max(weightMax, tree.canaryWeightPercent(environment));
    return tree.rollout(environment).status?.phase === 'Degraded';
  };
  tree.release(environment, '1.1.0');
  expect(tree.simulation.run(isAborted, HOUR_MS)).toBe(true);
  return { tree, steps, startMs, abortedMs: tree.nowMs, weightMax };
}

/** The step in which the Rollout's controller saw the failed AnalysisRun. */
function verdictStep(steps: readonly StepRecord[]): StepRecord | undefined {
  return steps.find(
    ({ controller, plan }) =>
      controller === 'rollouts-controller' && plan?.events.some(({ reason }) => reason === 'AnalysisRunFailed'),
  );
}

function weightsSet(step: StepRecord | undefined): unknown[] {
  return (step?.plan?.effects ?? []).flatMap((effect) => {
    if (effect.effect !== 'patch') return [];
    const metadata = effect.patch.metadata as { annotations?: Record<string, string> } | undefined;
    return metadata?.annotations?.['nginx.ingress.kubernetes.io/canary-weight'] ?? [];
  });
}

describe('bad releases in the simulated host', { timeout: TIMEOUT_MS }, () => {
  it('aborts 20 % of errors in development: the plan that sees the verdict takes the weight back', () => {
    const { tree, steps, abortedMs, weightMax } = releaseBad('development', 0.2);
    const step = verdictStep(steps);
    expect(weightsSet(step)).toEqual(['0']);
    expect(step?.nowMs).toBe(abortedMs);
    expect(tree.simulation.run(() => tree.canaryWeightPercent('development') === 0, 0)).toBe(true);
    expect(weightMax).toBeLessThanOrEqual(10);
    const { status } = tree.rollout('development');
    expect(status?.message).toMatch(
      /^RolloutAborted: Rollout aborted update to revision 2: .*"success-rate" assessed Failed/,
    );
    const exposed = tree.simulation.traffic.exposure.get(BAD);
    tree.simulation.run(() => false, 5 * 60_000);
    expect(tree.simulation.traffic.exposure.get(BAD)).toEqual(exposed);
    expect(tree.simulation.traffic.unanswered).toBe(unansweredAtInstall());
  });

  it('shows users no more errors than weight times error rate', () => {
    const { tree, startMs, abortedMs, weightMax } = releaseBad('development', 0.2);
    const { failed = 0, requests = 0 } = tree.simulation.traffic.exposure.get(BAD) ?? {};
    const all = (steadyLoad('development').requestsPerSecond(startMs) * (abortedMs - startMs)) / 1000;
    expect(requests).toBeGreaterThan(50);
    expect(requests).toBeLessThanOrEqual((all * weightMax) / 100);
    expect(failed).toBeCloseTo(requests * 0.2, 6);
  });

  it('aborts 8 % of errors in production within the first weight', () => {
    const { tree, startMs, abortedMs, weightMax } = releaseBad('production', 0.08);
    expect(weightMax).toBe(5);
    expect(abortedMs - startMs).toBeLessThan(10 * 60_000);
    expect(tree.rollout('production').status?.message).toContain('"success-rate" assessed Failed');
    tree.simulation.run(() => false, 1000);
    const application = tree.simulation.engine.store.get('Application.argoproj.io', 'argocd', 'pern-app-production');
    expect(application?.status?.health?.status).toBe('Degraded');
  });

  it('keeps users away from an image that does not exist, and gives up after progressDeadlineSeconds', () => {
    const tree = new SimulatedTree(REPOSITORY, {
      images: { [imageOf('frontend', '1.1.0')]: { container: { exists: false } } },
    }).install();
    const { store } = tree.simulation.engine;
    const startMs = tree.nowMs;
    tree.release('development', '1.1.0', 'frontend');
    const isDegraded = () => tree.rollout('development', 'frontend').status?.phase === 'Degraded';
    expect(tree.simulation.run(isDegraded, HOUR_MS)).toBe(true);
    const rollout = tree.rollout('development', 'frontend');
    expect(rollout.status?.message).toContain('ProgressDeadlineExceeded');
    const deadlineMs = (rollout.spec?.progressDeadlineSeconds ?? 600) * 1000;
    expect(tree.nowMs - startMs).toBeGreaterThanOrEqual(deadlineMs);
    expect(tree.nowMs - startMs).toBeLessThan(deadlineMs + 5000);
    const waiting = store
      .list('Pod', 'pern-app-development')
      .flatMap(({ status }) => status?.containerStatuses?.map(({ state }) => state?.waiting?.reason) ?? []);
    expect(waiting.filter((reason) => reason !== undefined)).toEqual(['ImagePullBackOff']);
    const routes = tree.simulation.traffic.table.routes.filter(({ ingress }) => ingress === 'frontend');
    expect(routes.map(({ canary }) => canary?.weight ?? 0)).toEqual([0, 0, 0]);
  });

  it('does not even begin a back-end release whose image does not exist: its migration runs first', () => {
    const tree = new SimulatedTree(REPOSITORY, { images: { [BAD]: { container: { exists: false } } } }).install();
    const before = tree.rollout('development');
    tree.release('development', '1.1.0');
    tree.simulation.run(() => false, 5 * 60_000);
    expect(tree.rollout('development')).toEqual(before);
    const { store } = tree.simulation.engine;
    const application = store.get('Application.argoproj.io', 'argocd', 'pern-app-development');
    expect(application?.status?.sync?.status).toBe('OutOfSync');
    expect(application?.status?.operationState?.phase).toBe('Running');
    const pod = store
      .list('Pod', 'pern-app-development')
      .find(({ metadata }) => metadata?.name?.startsWith('migration'));
    expect(pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ImagePullBackOff');
  });

  it('waits for a person when nobody used the canary: production is not promoted unseen', () => {
    const tree = new SimulatedTree(REPOSITORY, { loads: [] }).install();
    tree.release('production', '1.1.0');
    const isPaused = () =>
      tree.rollout('production').status?.pauseConditions?.[0]?.reason === 'InconclusiveAnalysisRun';
    expect(tree.simulation.run(isPaused, HOUR_MS)).toBe(true);
    tree.simulation.run(() => false, 4 * HOUR_MS);
    expect(tree.rollout('production').status?.phase).toBe('Paused');
    expect(tree.canaryWeightPercent('production')).toBe(5);
    expect(tree.isPromoted('production', '1.1.0')).toBe(false);
  });
});

/** Requests that found nothing while the environments were being made; the same in every run of one seed. */
function unansweredAtInstall(): number {
  return new SimulatedTree(REPOSITORY).install().simulation.traffic.unanswered;
}
