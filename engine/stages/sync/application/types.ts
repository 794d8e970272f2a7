import type { KubeObject, Manifest, ObjectMeta } from '#kube/object.ts';

/** The Application as the controller reads and writes it (argo-cd.md §3.1). Every field may be absent. */
export interface Application extends KubeObject {
  metadata: ObjectMeta;
  spec: ApplicationSpec;
  operation?: Operation;
  status?: ApplicationStatus;
}

export interface ApplicationSource {
  repoURL?: string;
  path?: string;
  targetRevision?: string;
  kustomize?: Record<string, unknown>;
  directory?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface ApplicationSpec {
  project?: string;
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  destination?: { server?: string; name?: string; namespace?: string };
  syncPolicy?: SyncPolicy;
  ignoreDifferences?: IgnoreDifference[];
  revisionHistoryLimit?: number;
  [field: string]: unknown;
}

export interface SyncPolicy {
  automated?: { enabled?: boolean; prune?: boolean; selfHeal?: boolean; allowEmpty?: boolean };
  syncOptions?: string[];
  retry?: RetryStrategy;
  managedNamespaceMetadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
}

export interface RetryStrategy {
  limit?: number;
  refresh?: boolean;
  backoff?: { duration?: string; factor?: number; maxDuration?: string };
}

export interface IgnoreDifference {
  group?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  jsonPointers?: string[];
  jqPathExpressions?: string[];
  managedFieldsManagers?: string[];
}

export interface Operation {
  sync?: SyncOperation;
  initiatedBy?: { username?: string; automated?: boolean };
  info?: { name: string; value: string }[];
  retry?: RetryStrategy;
}

export interface SyncOperation {
  revision?: string;
  revisions?: string[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  /** Manifests as text, in place of those that the sources declare. */
  manifests?: string[];
  prune?: boolean;
  dryRun?: boolean;
  syncStrategy?: { apply?: { force?: boolean }; hook?: { force?: boolean } };
  resources?: { group?: string; kind: string; name: string; namespace?: string }[];
  syncOptions?: string[];
  autoHealAttemptsCount?: number;
  [field: string]: unknown;
}

export type OperationPhase = 'Running' | 'Terminating' | 'Failed' | 'Error' | 'Succeeded';
export type SyncPhase = 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail';
export type ResultCode = 'Synced' | 'SyncFailed' | 'Pruned' | 'PruneSkipped';

export interface OperationState {
  operation: Operation;
  phase: OperationPhase;
  message?: string;
  startedAt: string;
  finishedAt?: string;
  retryCount?: number;
  syncResult?: SyncResult;
}

/** What was deployed from where: `revision` and `source`, or both as lists for an Application with `sources`. */
export interface SyncResult {
  revision: string;
  revisions?: string[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  managedNamespaceMetadata?: SyncPolicy['managedNamespaceMetadata'];
  resources?: ResourceResult[];
  /** When the last wave was applied, for the delay between waves; kept only while one is configured. */
  waveAppliedAt?: string;
}

/** What became of one task. `hookPhase` is its state: also for resources that are no hooks, as upstream has it. */
export interface ResourceResult {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  status?: ResultCode;
  message?: string;
  hookType?: SyncPhase;
  hookPhase?: OperationPhase;
  syncPhase: SyncPhase;
}

export interface ResourceStatus {
  group?: string;
  version: string;
  kind: string;
  namespace?: string;
  name: string;
  status?: 'Synced' | 'OutOfSync' | 'Unknown';
  health?: Health;
  requiresPruning?: boolean;
  requiresDeletionConfirmation?: boolean;
  hook?: boolean;
  syncWave?: number;
}

export type HealthStatus = 'Healthy' | 'Suspended' | 'Progressing' | 'Missing' | 'Degraded' | 'Unknown';

export interface Health {
  status: HealthStatus;
  message?: string;
  lastTransitionTime?: string;
}

export interface ApplicationCondition {
  type: string;
  message: string;
  lastTransitionTime?: string;
}

export interface HistoryEntry {
  id: number;
  revision?: string;
  revisions?: string[];
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  deployStartedAt: string;
  deployedAt: string;
  initiatedBy?: Operation['initiatedBy'];
}

export interface ComparedTo {
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  destination?: ApplicationSpec['destination'];
  ignoreDifferences?: IgnoreDifference[];
}

export interface ApplicationStatus {
  resources?: ResourceStatus[];
  sync?: {
    status: 'Synced' | 'OutOfSync' | 'Unknown';
    revision?: string;
    revisions?: string[];
    comparedTo?: ComparedTo;
  };
  health?: Health;
  history?: HistoryEntry[];
  conditions?: ApplicationCondition[];
  reconciledAt?: string;
  operationState?: OperationState;
  sourceType?: string;
  sourceTypes?: string[];
  summary?: { images?: string[] };
  controllerNamespace?: string;
  [field: string]: unknown;
}

/** A manifest that the commit declares, made ready for comparison and application. */
export interface Target {
  /** `group/Kind/namespace/name`, namespace empty for cluster-scoped kinds. */
  key: string;
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  /** False when the engine serves no such kind. */
  known: boolean;
  namespaced: boolean;
  /** With namespace and tracking annotation. */
  manifest: Manifest;
  /** `file:line:column`, when the renderer knows. */
  origin?: string;
}
