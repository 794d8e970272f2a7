/** Rows 2 and 3 of docs/reference/features.md, played: the order of environments, approval, windows, signatures. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Environment, imageOf, SimulatedTree } from './simulated-tree.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Ends a test that hangs; nothing is judged by it. */
const TIMEOUT_MS = 120_000;
const BASE = 'pern-gitops/apps/pern-app/base/ingress.yaml';

function applicationOf(tree: SimulatedTree, environment: Environment) {
  const found = tree.simulation.engine.store.get('Application.argoproj.io', 'argocd', `pern-app-${environment}`);
  if (found === undefined) throw new Error(`no Application for ${environment}`);
  return found;
}

/** Commits a change that every environment gets. */
function changeAll(tree: SimulatedTree, signature?: { keyId: string }): string {
  const changed = tree.read(BASE).replaceAll('path: /api', 'path: /v2/api');
  return tree.simulation.commit({ [BASE]: changed }, 'another path', signature === undefined ? {} : { signature });
}

const KEY = { keyId: 'B5690EEEBB952194' };

describe('a change to all environments', { timeout: TIMEOUT_MS }, () => {
  it('reaches staging after development is healthy with it, and production when somebody approves', () => {
    const tree = new SimulatedTree(REPOSITORY).install();
    const sha = changeAll(tree, KEY);
    const synced: Environment[] = [];
    const look = () => {
      for (const environment of ['development', 'staging', 'production'] as const) {
        const { sync, health } = applicationOf(tree, environment).status ?? {};
        const isDone = sync?.status === 'Synced' && sync.revision === sha && health?.status === 'Healthy';
        if (isDone && !synced.includes(environment)) synced.push(environment);
      }
      return synced.length === 3;
    };
    expect(tree.simulation.run(look, HOUR_MS)).toBe(false);
    expect(synced).toEqual(['development', 'staging']);
    expect(applicationOf(tree, 'production').status?.sync?.status).toBe('OutOfSync');
    tree.approve('production');
    expect(tree.simulation.run(look, HOUR_MS)).toBe(true);
  });

  it('stops at development when development does not get healthy', () => {
    const tree = new SimulatedTree(REPOSITORY, {
      images: { [imageOf('frontend', '1.1.0')]: { container: { exists: false } } },
    }).install();
    tree.release('development', '1.1.0', 'frontend');
    tree.simulation.run(() => applicationOf(tree, 'development').status?.health?.status === 'Degraded', HOUR_MS);
    changeAll(tree, KEY);
    tree.simulation.run(() => false, 10 * MINUTE_MS);
    expect(applicationOf(tree, 'staging').status?.sync?.status).toBe('OutOfSync');
  });
});

describe('production', { timeout: TIMEOUT_MS }, () => {
  it('does not take an unsigned commit, whoever approves it', () => {
    const tree = new SimulatedTree(REPOSITORY).install();
    changeAll(tree);
    const isSeen = () => applicationOf(tree, 'production').status?.sync?.status === 'OutOfSync';
    expect(tree.simulation.run(isSeen, MINUTE_MS)).toBe(true);
    tree.approve('production');
    const phase = () => applicationOf(tree, 'production').status?.operationState?.phase;
    expect(tree.simulation.run(() => phase() === 'Error', HOUR_MS)).toBe(true);
    expect(applicationOf(tree, 'production').status?.operationState?.message).toContain('unsigned');
    const ingress = tree.simulation.engine.store.get('Ingress.networking.k8s.io', 'pern-app-production', 'backend');
    expect(ingress?.spec?.rules?.[0]?.http?.paths?.[0]?.path).toBe('/api');
  });

  it('waits for Monday: what is approved on Saturday begins when the window opens', () => {
    const tree = new SimulatedTree(REPOSITORY).install();
    const SATURDAY_MS = Date.parse('2026-01-10T12:00:00+01:00');
    const OPENING_MS = Date.parse('2026-01-12T08:00:00+01:00');
    tree.simulation.sleepUntil(SATURDAY_MS);
    changeAll(tree, KEY);
    const status = () => applicationOf(tree, 'production').status;
    expect(tree.simulation.run(() => status()?.sync?.status === 'OutOfSync', MINUTE_MS)).toBe(true);
    tree.approve('production');
    tree.simulation.run(() => false, 10 * MINUTE_MS);
    expect(status()?.sync?.status).toBe('OutOfSync');
    tree.simulation.sleepUntil(OPENING_MS - MINUTE_MS);
    expect(tree.simulation.run(() => status()?.sync?.status === 'Synced', 10 * MINUTE_MS)).toBe(true);
    expect(tree.nowMs).toBeGreaterThanOrEqual(OPENING_MS);
  });
});

describe('the front end', { timeout: TIMEOUT_MS }, () => {
  const release = (environment: Environment, answersAs: string) => {
    const asked: number[] = [];
    const tree: SimulatedTree = new SimulatedTree(REPOSITORY, {
      web: ({ url }) => {
        if (!url.startsWith(`http://frontend-canary.pern-app-${environment}.svc/`)) return { error: 'no such host' };
        asked.push(tree.canaryWeightPercent(environment, 'frontend'));
        return { status: 200, body: JSON.stringify({ environment: answersAs }) };
      },
    }).install();
    tree.release(environment, '1.1.0', 'frontend');
    return { tree, asked };
  };
  const phaseOf = (tree: SimulatedTree) => tree.rollout('development', 'frontend').status?.phase;

  it('is tried three times while no user can reach it, and then released', () => {
    const { tree, asked } = release('development', 'development');
    expect(tree.simulation.run(() => phaseOf(tree) === 'Progressing' || phaseOf(tree) === 'Paused', MINUTE_MS)).toBe(
      true,
    );
    expect(tree.simulation.run(() => phaseOf(tree) === 'Healthy', HOUR_MS)).toBe(true);
    expect(asked).toEqual([0, 0, 0]);
  });

  it('that believes to be somewhere else never gets a user', () => {
    const { tree } = release('development', 'staging');
    let weightMax = 0;
    const look = () => {
      weightMax = Math.max(weightMax, tree.canaryWeightPercent('development', 'frontend'));
      return phaseOf(tree) === 'Degraded';
    };
    expect(tree.simulation.run(look, HOUR_MS)).toBe(true);
    expect(weightMax).toBe(0);
    expect(tree.rollout('development', 'frontend').status?.message).toContain('"frontend-smoke" assessed Failed');
  });
});
