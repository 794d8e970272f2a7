import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageOf, SimulatedTree } from './simulated-tree.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const HOUR_MS = 3_600_000;
/** Wall-clock limits only end a test that hangs; nothing is judged by them. */
const TIMEOUT_MS = 120_000;

/** Until autoscalers have seen a whole stabilisation window (600 s) of figures. */
const SETTLE_MS = 12 * 60_000;

describe('the engine ends and starts again', { timeout: TIMEOUT_MS }, () => {
  it('is at the same step with the same weight, and goes on to the end', () => {
    const tree = new SimulatedTree(REPOSITORY).install();
    tree.release('production', '1.1.0');
    const { simulation } = tree;
    const unansweredBefore = simulation.traffic.unanswered;
    expect(simulation.run(() => tree.rollout('production').status?.currentStepIndex === 7, HOUR_MS)).toBe(true);
    simulation.run(() => false, 60_000);
    const pods = () => simulation.engine.store.list('Pod').map(({ metadata }) => metadata?.uid);
    const before = { status: tree.rollout('production').status, pods: pods() };
    simulation.restartEngine();
    simulation.run(() => false, 1000);
    expect(tree.rollout('production').status).toEqual(before.status);
    expect(tree.canaryWeightPercent('production')).toBe(25);
    expect(pods()).toEqual(before.pods);
    expect(simulation.run(() => tree.isPromoted('production', '1.1.0'), 2 * HOUR_MS)).toBe(true);
    expect(simulation.traffic.unanswered).toBe(unansweredBefore);
  });

  it('survives an end every 700 ms of a whole release, without a failed request or a pod too many', () => {
    const tree = new SimulatedTree(REPOSITORY).install();
    const { simulation } = tree;
    const unansweredBefore = simulation.traffic.unanswered;
    tree.release('development', '1.1.0');
    let restarts = 0;
    let podsMax = 0;
    while (!simulation.run(() => tree.isPromoted('development', '1.1.0') && tree.isConverged(), 700)) {
      simulation.restartEngine();
      restarts++;
      const pods = simulation.engine.store.list('Pod', 'pern-app-development');
      podsMax = Math.max(podsMax, pods.filter(({ metadata }) => metadata?.name?.startsWith('backend-')).length);
      if (restarts > 500) throw new Error(`not promoted:\n${simulation.transcript.lines.slice(-30).join('\n')}`);
    }
    expect(restarts).toBeGreaterThan(40);
    expect(podsMax).toBe(2);
    expect(simulation.traffic.unanswered).toBe(unansweredBefore);
    expect(simulation.traffic.exposure.get(imageOf('backend', '1.1.0'))?.failed).toBe(0);
  });

  it('writes nothing when it starts in a converged world', () => {
    const tree = new SimulatedTree(REPOSITORY).install();
    const { simulation } = tree;
    simulation.run(() => false, SETTLE_MS);
    const { resourceVersion } = simulation.engine.store;
    simulation.restartEngine();
    simulation.run(() => false, 60_000);
    expect(simulation.engine.store.resourceVersion).toBe(resourceVersion);
  });
});

describe('a converged world', { timeout: TIMEOUT_MS }, () => {
  it('is left alone: an hour passes without one write', () => {
    const tree = new SimulatedTree(REPOSITORY).install();
    const { simulation } = tree;
    simulation.run(() => false, SETTLE_MS);
    const written: string[] = [];
    simulation.engine.store.subscribe(({ type, object }) =>
      written.push(`${type} ${object.kind} ${object.metadata.namespace}/${object.metadata.name}`),
    );
    const lines = simulation.transcript.lines.length;
    simulation.run(() => false, HOUR_MS);
    expect(written).toEqual([]);
    expect(simulation.transcript.lines.slice(lines)).toEqual([]);
  });
});
