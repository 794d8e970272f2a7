import { expect } from 'vitest';
import type { ReplicaSet } from '../observe.ts';
import { type CanaryStrategy, type RolloutSpec, SCALE_DOWN_DEADLINE_ANNOTATION } from '../types.ts';
import { createSurroundings, HASH_ARGS, podTemplate, rolloutManifest } from './manifests.ts';
import { SimulatedWorld, type WorldOptions } from './simulated-world.ts';

export const ANALYSIS = { templates: [{ templateName: 'success-rate' }], args: HASH_ARGS };

export function world(
  canary: CanaryStrategy,
  spec: Partial<RolloutSpec> = {},
  options: WorldOptions = {},
): SimulatedWorld {
  const created = new SimulatedWorld(options);
  createSurroundings(created);
  created.create(rolloutManifest(canary, spec));
  return created;
}

export function deployed(
  canary: CanaryStrategy,
  spec: Partial<RolloutSpec> = {},
  options: WorldOptions = {},
): SimulatedWorld {
  const created = world(canary, spec, options);
  reach(created, 'Healthy');
  created.run(60_000);
  return created;
}

export function reach(at: SimulatedWorld, phase: string, limitMs = 600_000): void {
  expect(
    at.runUntil(
      () => at.status.phase === phase && at.status.observedGeneration === String(at.rollout.metadata.generation),
      limitMs,
    ),
    JSON.stringify(at.status),
  ).toBe(true);
}

export function release(at: SimulatedWorld, version: string): void {
  at.patchRollout({ spec: { template: podTemplate(version) } });
}

export function promote(at: SimulatedWorld): void {
  at.patchStatus({ pauseConditions: null });
}

export function isNotBad(rs: ReplicaSet): boolean {
  const [container] = rs.spec.template?.spec?.containers ?? [];
  return !container?.image?.startsWith('web:bad');
}

export function sizes(at: SimulatedWorld): Record<string, number> {
  return Object.fromEntries(
    at.replicaSets.map((rs) => [
      `rev${rs.metadata.annotations?.['rollout.argoproj.io/revision']}`,
      rs.spec.replicas ?? 0,
    ]),
  );
}

export function deadlineOf(at: SimulatedWorld, revision: number): string | undefined {
  const rs = at.replicaSets.find(
    ({ metadata }) => metadata.annotations?.['rollout.argoproj.io/revision'] === String(revision),
  );
  return rs?.metadata.annotations?.[SCALE_DOWN_DEADLINE_ANNOTATION];
}
