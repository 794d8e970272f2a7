import type { Simulation } from '../../engine/host/simulated.ts';
import type { Condition } from '../scenario/types.ts';
import type { Environment, Rollout } from '../world/map.ts';
import type { Release } from './facts.ts';
import { isWaiting, type Recorder } from './recorder.ts';

/** Whether a condition of the scenario holds now. */
export function conditionHolds(
  condition: Condition,
  parts: { simulation: Simulation; environments: readonly Environment[]; recorder: Recorder },
): boolean {
  const environment = parts.environments.find(({ name }) => name === condition.environment);
  if (environment === undefined) return false;
  const components = condition.component === undefined ? undefined : [condition.component];
  const state = condition.is;
  if (state === 'waiting') return waitsForApproval(parts.simulation, environment);
  if (state === 'synced') return isSynced(parts.simulation, environment);
  const releases = parts.recorder.releases.filter(
    (release) =>
      release.environment === environment.name && (components === undefined || components.includes(release.component)),
  );
  const latest = latestByComponent(releases);
  if (latest.length === 0) return false;
  if (condition.weight !== undefined && !latest.some((release) => lastWeight(release) >= (condition.weight as number)))
    return false;
  if (state === undefined) return true;
  return state === 'promoted'
    ? latest.every(({ outcome }) => outcome === 'promoted') && isAtRest(parts.simulation, environment)
    : latest.some(({ outcome }) => outcome === state);
}

function latestByComponent(releases: readonly Release[]): Release[] {
  return [...new Map(releases.map((release) => [release.component, release])).values()];
}

function lastWeight(release: Release): number {
  return release.endMs === undefined ? (release.weights.at(-1)?.weightPercent ?? 0) : 0;
}

/** The Application is out of sync, nothing is under way, and nobody but a person starts it. */
export function waitsForApproval(simulation: Simulation, environment: Environment): boolean {
  const application = simulation.engine.store
    .list('Application.argoproj.io')
    .find(({ metadata }) => metadata?.name === environment.application);
  const { status } = application ?? {};
  if (status?.sync?.status !== 'OutOfSync' || status.operationState?.phase === 'Running') return false;
  // What cannot be compared (an unsigned commit) cannot be approved either.
  if ((status.conditions ?? []).some(({ type }) => String(type) === 'ComparisonError')) return false;
  const isAutomated = application?.spec?.syncPolicy?.automated !== undefined;
  return !isAutomated && (application as { operation?: unknown }).operation === undefined;
}

function isSynced(simulation: Simulation, environment: Environment): boolean {
  const application = simulation.engine.store
    .list('Application.argoproj.io')
    .find(({ metadata }) => metadata?.name === environment.application);
  return application?.status?.sync?.status === 'Synced' && application.status.operationState?.phase !== 'Running';
}

function isAtRest(simulation: Simulation, environment: Environment): boolean {
  return rollouts(simulation, environment).every(({ status }) => status?.phase === 'Healthy');
}

function rollouts({ engine }: Simulation, { namespace }: Environment): readonly Rollout[] {
  return engine.store.list('Rollout.argoproj.io', namespace);
}

/** Nothing goes on that would end without a person: releases have ended or wait, syncs too. */
export function isSettled(simulation: Simulation, environments: readonly Environment[]): boolean {
  return environments.every((environment) => {
    if (rollouts(simulation, environment).some((rollout) => !isRolloutSettled(rollout))) return false;
    const application = simulation.engine.store
      .list('Application.argoproj.io')
      .find(({ metadata }) => metadata?.name === environment.application);
    const { status } = application ?? {};
    if ((application as { operation?: unknown } | undefined)?.operation !== undefined) return false;
    const conditions = (status?.conditions ?? []).map(({ type }) => String(type));
    if (conditions.includes('ComparisonError')) return true;
    if (status?.operationState?.phase === 'Running') return false;
    if (status?.sync?.status === 'Synced') return true;
    if (waitsForApproval(simulation, environment)) return true;
    // An automated sync that failed for this revision is not tried again; one that a window blocks will be.
    const failed = status?.operationState?.phase === 'Failed' || status?.operationState?.phase === 'Error';
    return failed && !conditions.includes('SyncWindowWarning');
  });
}

function isRolloutSettled(rollout: Rollout): boolean {
  const phase = rollout.status?.phase;
  return phase === 'Healthy' || phase === 'Degraded' || isWaiting(rollout);
}
