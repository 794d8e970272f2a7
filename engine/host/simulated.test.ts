import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENVIRONMENTS, type Environment, imageOf, SimulatedTree } from './simulated-tree.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const HOUR_MS = 3_600_000;
const WEIGHTS = [0, 5, 10, 25, 50, 75, 100, 0];
/** Wall-clock limits only end a test that hangs; nothing is judged by them. */
const TIMEOUT_MS = 120_000;

/** Lets the release go through, and returns the weights that users' traffic was split by, in order. */
function watchRelease(tree: SimulatedTree, environment: Environment, version: string, withinMs: number): number[] {
  const weights = [tree.canaryWeightPercent(environment)];
  const look = () => {
    const weight = tree.canaryWeightPercent(environment);
    if (weight !== weights.at(-1)) weights.push(weight);
    return tree.isPromoted(environment, version) && tree.isConverged();
  };
  tree.release(environment, version);
  expect(tree.simulation.run(look, withinMs), `${version} is promoted in ${environment}`).toBe(true);
  return weights;
}

describe('the story of pern demo in the simulated host', { timeout: TIMEOUT_MS }, () => {
  it('installs three environments from one root Application: Synced and Healthy', () => {
    const tree = new SimulatedTree(REPOSITORY).install();
    const applications = tree.simulation.engine.store.list('Application.argoproj.io', 'argocd');
    expect(
      applications.map(({ metadata, status }) => [metadata?.name, status?.sync?.status, status?.health?.status]),
    ).toEqual(
      ['pern-app-development', 'pern-app-production', 'pern-app-staging', 'root'].map((name) => [
        name,
        'Synced',
        'Healthy',
      ]),
    );
    for (const environment of ENVIRONMENTS) expect(tree.isPromoted(environment, '1.0.0')).toBe(true);
  });

  it('releases a good version through all environments; production takes more than an hour; no request fails', () => {
    const tree = new SimulatedTree(REPOSITORY).install();
    const { traffic, time } = tree.simulation;
    const unansweredBefore = traffic.unanswered;
    expect(watchRelease(tree, 'development', '1.1.0', HOUR_MS)).toEqual(WEIGHTS);
    expect(watchRelease(tree, 'staging', '1.1.0', HOUR_MS)).toEqual(WEIGHTS);
    const [startMs, stepsBefore] = [tree.nowMs, time.steps];
    expect(watchRelease(tree, 'production', '1.1.0', 4 * HOUR_MS)).toEqual(WEIGHTS);
    expect(tree.nowMs - startMs).toBeGreaterThan(HOUR_MS);
    expect(tree.nowMs - startMs).toBeLessThan(2 * HOUR_MS);
    // Scrapes of 12 pods and looks of autoscalers over 100 minutes are nearly all of it.
    expect(time.steps - stepsBefore).toBeLessThan(25_000);
    expect(traffic.unanswered - unansweredBefore).toBe(0);
    expect([...traffic.exposure.values()].map(({ failed }) => failed)).toEqual([0, 0]);
    expect(traffic.exposure.get(imageOf('backend', '1.1.0'))?.requests).toBeGreaterThan(10_000);
  });

  it('gives the same transcript for the same seed, and the same decisions for another seed', () => {
    const tell = (seed: number) => {
      const tree = new SimulatedTree(REPOSITORY, { seed }).install();
      const weights = watchRelease(tree, 'development', '1.1.0', HOUR_MS);
      return { weights, transcript: tree.simulation.transcript.toString(), secrets: secretValues(tree) };
    };
    const [first, again, other] = [tell(7), tell(7), tell(8)];
    expect(again.transcript).toBe(first.transcript);
    expect(other.transcript).not.toBe(first.transcript);
    expect(other.weights).toEqual(first.weights);
    expect(decisions(other.transcript)).toEqual(decisions(first.transcript));
    expect(first.secrets.length).toBeGreaterThan(0);
    expect(first.secrets.filter((value) => first.transcript.includes(value))).toEqual([]);
  });
});

/** What Applications, Rollouts and AnalysisRuns decided, without times, and by root object: those run side by side. */
function decisions(transcript: string): string[] {
  const deciders = /^\S+ {2}(argocd-application-controller|rollouts-controller|analysisruns-controller) +(.*)$/;
  const lines = transcript.split('\n').flatMap((line) => deciders.exec(line)?.[2] ?? []);
  return lines.sort();
}

/** Generated passwords; what git may show (user and database names) is no secret. */
function secretValues(tree: SimulatedTree): string[] {
  return tree.simulation.engine.store
    .list('Secret')
    .map(({ data }) => Buffer.from(data?.password ?? '', 'base64').toString())
    .filter((value) => value !== '');
}
