import type { World } from '../run/installation.ts';
import type { Application } from '../world/map.ts';

/**
 * Whether a sync that has just succeeded was one that the project forbids: at a commit nobody signed although the project asks
 * for it. `seen` remembers the syncs looked at, by Application.
 */
export function assessSync(world: World, application: Application, seen: Map<string, string>): string | undefined {
  const operation = application.status?.operationState;
  const name = application.metadata?.name ?? '';
  const id = `${operation?.finishedAt} ${operation?.syncResult?.revision}`;
  if (operation?.phase !== 'Succeeded' || seen.get(name) === id) return undefined;
  seen.set(name, id);
  const store = world.simulation.engine.store;
  const project = store
    .list('AppProject.argoproj.io')
    .find(({ metadata }) => metadata?.name === application.spec?.project);
  const spec = (project?.spec ?? {}) as { signatureKeys?: unknown[]; sourceIntegrity?: unknown };
  const isSigningWanted = (spec.signatureKeys ?? []).length > 0 || spec.sourceIntegrity !== undefined;
  const revision = operation.syncResult?.revision ?? '';
  if (isSigningWanted && world.unsigned.has(revision)) return `${name} synced ${revision}, which nobody signed`;
  return undefined;
}
