import type { ObjectMeta } from '#kube/object.ts';
import type { LabelSelector } from '#kube/selector.ts';

/** The parts of Rollout that this stage works with, typed as it reads and writes them. Times are RFC 3339 texts. */

export const HASH_LABEL = 'rollouts-pod-template-hash';
export const REVISION_ANNOTATION = 'rollout.argoproj.io/revision';
export const REVISION_HISTORY_ANNOTATION = 'rollout.argoproj.io/revision-history';
export const DESIRED_REPLICAS_ANNOTATION = 'rollout.argoproj.io/desired-replicas';
export const EPHEMERAL_METADATA_ANNOTATION = 'rollout.argoproj.io/ephemeral-metadata';
export const SCALE_DOWN_DEADLINE_ANNOTATION = 'scale-down-deadline';
export const MANAGED_BY_ANNOTATION = 'argo-rollouts.argoproj.io/managed-by-rollouts';
export const INSTANCE_ID_LABEL = 'argo-rollouts.argoproj.io/controller-instance-id';
export const EXPERIMENT_NAME_ANNOTATION = 'experiment.argoproj.io/name';
export const WORKLOAD_GENERATION_ANNOTATION = 'rollout.argoproj.io/workload-generation';

export type IntOrString = number | string;
type Labels = Record<string, string>;

export interface PodMetadata {
  labels?: Labels;
  annotations?: Labels;
}

export interface TemplateRef {
  templateName: string;
  clusterScope?: boolean;
}

export interface RolloutArgument {
  name: string;
  value?: string;
  valueFrom?: { podTemplateHashValue?: string; fieldRef?: { fieldPath: string } };
}

export interface RolloutAnalysis {
  templates?: readonly TemplateRef[];
  args?: readonly RolloutArgument[];
  dryRun?: readonly { metricName: string }[];
  measurementRetention?: readonly { metricName: string; limit: number }[];
  analysisRunMetadata?: PodMetadata;
}

export interface SetCanaryScale {
  weight?: number;
  replicas?: number;
  matchTrafficWeight?: boolean;
}

export interface CanaryStep {
  setWeight?: number;
  pause?: { duration?: IntOrString };
  analysis?: RolloutAnalysis;
  setCanaryScale?: SetCanaryScale;
  experiment?: ExperimentStep;
  setHeaderRoute?: SetHeaderRoute;
  setMirrorRoute?: SetMirrorRoute;
  plugin?: { name?: string; config?: unknown };
}

export interface ExperimentStepTemplate {
  name: string;
  specRef?: string;
  replicas?: number;
  metadata?: PodMetadata;
  selector?: LabelSelector;
  weight?: number;
  service?: { name?: string };
}

export interface ExperimentStepAnalysis {
  name: string;
  templateName: string;
  clusterScope?: boolean;
  args?: readonly RolloutArgument[];
  requiredForCompletion?: boolean;
}

/** A canary step that runs an Experiment beside the rollout. */
export interface ExperimentStep {
  templates?: readonly ExperimentStepTemplate[];
  analyses?: readonly ExperimentStepAnalysis[];
  duration?: string;
  scaleDownDelaySeconds?: number;
  dryRun?: readonly { metricName: string }[];
  analysisRunMetadata?: PodMetadata;
}

/** Exactly one of its fields is set. */
export interface StringMatch {
  exact?: string;
  prefix?: string;
  regex?: string;
}

/** Requests that match go to the canary, whatever the weight; without `match` the managed route is removed. */
export interface SetHeaderRoute {
  name?: string;
  match?: readonly { headerName?: string; headerValue?: StringMatch }[];
}

export interface SetMirrorRoute {
  name?: string;
  match?: readonly { method?: StringMatch; path?: StringMatch; headers?: Record<string, StringMatch> }[];
  percentage?: number;
}

export interface NginxRouting {
  stableIngress?: string;
  stableIngresses?: readonly string[];
  annotationPrefix?: string;
  additionalIngressAnnotations?: Labels;
  canaryIngressAnnotations?: Labels;
}

export interface TrafficRouting {
  nginx?: NginxRouting;
  maxTrafficWeight?: number;
  managedRoutes?: readonly { name: string }[];
  [router: string]: unknown;
}

export interface ProgressThreshold {
  type: string;
  value: number;
}

export interface AntiAffinity {
  preferredDuringSchedulingIgnoredDuringExecution?: { weight: number };
  requiredDuringSchedulingIgnoredDuringExecution?: Record<string, never>;
}

export interface CanaryStrategy {
  canaryService?: string;
  stableService?: string;
  steps?: readonly CanaryStep[];
  trafficRouting?: TrafficRouting;
  maxSurge?: IntOrString;
  maxUnavailable?: IntOrString;
  analysis?: RolloutAnalysis & { startingStep?: number };
  antiAffinity?: AntiAffinity;
  canaryMetadata?: PodMetadata;
  stableMetadata?: PodMetadata;
  scaleDownDelaySeconds?: number;
  scaleDownDelayRevisionLimit?: number;
  abortScaleDownDelaySeconds?: number;
  dynamicStableScale?: boolean;
  pingPong?: { pingService?: string; pongService?: string };
  minPodsPerReplicaSet?: number;
  replicaProgressThreshold?: ProgressThreshold;
}

/** Two versions side by side, and one switch of all traffic. */
export interface BlueGreenStrategy {
  activeService?: string;
  previewService?: string;
  previewReplicaCount?: number;
  autoPromotionEnabled?: boolean;
  autoPromotionSeconds?: number;
  /** Only how many pods a restart may take at once. */
  maxUnavailable?: IntOrString;
  scaleDownDelaySeconds?: number;
  scaleDownDelayRevisionLimit?: number;
  abortScaleDownDelaySeconds?: number;
  prePromotionAnalysis?: RolloutAnalysis;
  postPromotionAnalysis?: RolloutAnalysis;
  previewMetadata?: PodMetadata;
  activeMetadata?: PodMetadata;
  antiAffinity?: AntiAffinity;
}

export interface WorkloadRef {
  apiVersion?: string;
  kind?: string;
  name?: string;
  /** `never` (default), `onsuccess`, `progressively`. */
  scaleDown?: string;
}

export interface PodTemplate {
  metadata?: PodMetadata & Record<string, unknown>;
  spec?: Record<string, unknown>;
}

export interface RolloutSpec {
  replicas?: number;
  selector?: LabelSelector;
  template?: PodTemplate;
  workloadRef?: WorkloadRef;
  minReadySeconds?: number;
  rollbackWindow?: { revisions?: number };
  strategy?: { canary?: CanaryStrategy; blueGreen?: BlueGreenStrategy };
  revisionHistoryLimit?: number;
  paused?: boolean;
  progressDeadlineSeconds?: number;
  progressDeadlineAbort?: boolean;
  restartAt?: string;
  analysis?: { successfulRunHistoryLimit?: number; unsuccessfulRunHistoryLimit?: number };
}

export interface RolloutCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
  lastUpdateTime: string;
  lastTransitionTime: string;
}

export interface PauseCondition {
  reason: string;
  startTime: string;
}

export interface WeightDestination {
  weight: number;
  serviceName?: string;
  podTemplateHash?: string;
}

export interface TrafficWeights {
  canary: WeightDestination;
  stable: WeightDestination;
  /** Only from routers that look whether the weight took hold. */
  verified?: boolean;
}

export interface CurrentRunStatus {
  name: string;
  status: string;
  message?: string;
}

export interface CanaryStatus {
  weights?: TrafficWeights;
  currentStepAnalysisRunStatus?: CurrentRunStatus;
  currentBackgroundAnalysisRunStatus?: CurrentRunStatus;
  currentExperiment?: string;
}

export interface BlueGreenStatus {
  previewSelector?: string;
  activeSelector?: string;
  scaleUpPreviewCheckPoint?: boolean;
  prePromotionAnalysisRunStatus?: CurrentRunStatus;
  postPromotionAnalysisRunStatus?: CurrentRunStatus;
}

/** Numbers and texts that are zero or empty are left out when it is written, as upstream's status is. */
export interface RolloutStatus {
  abort?: boolean;
  abortedAt?: string;
  pauseConditions?: readonly PauseCondition[];
  controllerPause?: boolean;
  currentPodHash?: string;
  currentStepHash?: string;
  currentStepIndex?: number;
  stableRS?: string;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  HPAReplicas?: number;
  selector?: string;
  collisionCount?: number;
  observedGeneration?: string;
  conditions?: readonly RolloutCondition[];
  workloadObservedGeneration?: string;
  canary?: CanaryStatus;
  blueGreen?: BlueGreenStatus;
  restartedAt?: string;
  promoteFull?: boolean;
  phase?: string;
  message?: string;
}

export interface Rollout {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: RolloutSpec;
  status?: RolloutStatus;
}

/** What the replica arithmetic needs to know of a rollout. */
export type RolloutTerms = Pick<Rollout, 'spec'> & { status: RolloutStatus };

export function canaryOf(rollout: { spec: RolloutSpec }): CanaryStrategy {
  return rollout.spec.strategy?.canary ?? {};
}

export function blueGreenOf(rollout: { spec: RolloutSpec }): BlueGreenStrategy | undefined {
  return rollout.spec.strategy?.blueGreen;
}

export function stepsOf(rollout: { spec: RolloutSpec }): readonly CanaryStep[] {
  // Triggers and observations look before it is known to be a list.
  const { steps } = canaryOf(rollout);
  return Array.isArray(steps) ? steps : [];
}

export function replicasOf(rollout: { spec: RolloutSpec }): number {
  return rollout.spec.replicas ?? 1;
}

/** All traffic, in the unit of setWeight: 100 unless trafficRouting.maxTrafficWeight says otherwise. */
export function maxTrafficWeight(rollout: { spec: RolloutSpec }): number {
  return canaryOf(rollout).trafficRouting?.maxTrafficWeight ?? 100;
}

export function isRouted(rollout: { spec: RolloutSpec }): boolean {
  return canaryOf(rollout).trafficRouting !== undefined;
}

export function isFullyPromoted(status: RolloutStatus): boolean {
  return (status.stableRS ?? '') === (status.currentPodHash ?? '');
}

export function isCompleted(status: RolloutStatus): boolean {
  return (status.stableRS ?? '') !== '' && isFullyPromoted(status);
}
