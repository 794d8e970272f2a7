import { REPOSITORY, SyncWorld, shopApplication } from './simulated-world.ts';

export const OTHER = 'https://example.com/team/other.git';
export const wave = (number: number) => ({ 'argocd.argoproj.io/sync-wave': String(number) });
export const option = (text: string) => ({ 'argocd.argoproj.io/sync-options': text });
export const hook = (type: string, policy?: string) => ({
  'argocd.argoproj.io/hook': type,
  ...(policy === undefined ? {} : { 'argocd.argoproj.io/hook-delete-policy': policy }),
});

export function job(name: string, annotations: Record<string, string>): string {
  return JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name, annotations }, spec: {} });
}

export function installed(files: Record<string, string>, spec: Record<string, unknown> = {}, metadata = {}): SyncWorld {
  const world = new SyncWorld();
  world.git.commit(REPOSITORY, files);
  world.create(shopApplication(spec, metadata));
  world.run();
  return world;
}

export const APPLICATION = { kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop' };
export const phaseOf = (world: SyncWorld) => world.application().status?.operationState?.phase;
export const messageOf = (world: SyncWorld) => world.application().status?.operationState?.message ?? '';
export const resultsOf = (world: SyncWorld) =>
  (world.application().status?.operationState?.syncResult?.resources ?? []).map(
    ({ name, status }) => `${name} ${status}`,
  );
export const conditionsOf = (world: SyncWorld) =>
  (world.application().status?.conditions ?? []).map(({ type, message }) => `${type}: ${message}`);

export function request(world: SyncWorld, sync: Record<string, unknown>, more: Record<string, unknown> = {}): void {
  world.patch(APPLICATION, { operation: { sync, ...more } });
  world.run();
}

export function annotate(world: SyncWorld, annotations: Record<string, string | null>): void {
  world.patch(APPLICATION, { metadata: { annotations } });
  world.run();
}

export function settings(data: Record<string, string>) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data };
}
