import { assessHealth } from '#kube/health/health.ts';
import type { ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import type { Health } from './types.ts';

export interface ApplicationConfig {
  /** Where the control plane's objects are: Applications here are named by their name alone. */
  controlPlaneNamespace: string;
  /**
   * What the API would store for an object: defaults filled in. Pure but for reading the store; throws when it would
   * refuse the object. The comparison and the dry run of a sync go through it, so a default is no difference and a
   * refusal is known before the first write.
   */
  normalise: (object: KubeObject, live: KubeObject | undefined, kind: ResourceKind, objects: Reader) => KubeObject;
  /** Health of one object, or undefined for kinds without a check. */
  assessHealth: (object: KubeObject) => Pick<Health, 'status' | 'message'> | undefined;
  /** Clusters a destination can name: the engine has one. */
  clusters: readonly { server: string; name: string }[];
  /** Argo CD's ARGOCD_SYNC_WAVE_DELAY, there for slow informers; the embedded engine's reads are never behind. */
  syncWaveDelayMs: number;
  /** Self-heal back-off (argo-cd.md §3.5): first delay, factor, cap. */
  selfHealBackoff: { firstMs: number; factor: number; capMs: number };
}

export const DEFAULT_CONFIG: Omit<ApplicationConfig, 'normalise'> = {
  assessHealth,
  controlPlaneNamespace: 'argocd',
  clusters: [{ server: 'https://kubernetes.default.svc', name: 'in-cluster' }],
  syncWaveDelayMs: 0,
  selfHealBackoff: { firstMs: 2000, factor: 3, capMs: 300_000 },
};
