import type { ObjectMeta } from '#kube/object.ts';
import type { LabelSelector } from '#kube/selector.ts';
import type { Argument, DryRunRule, Phase, RetentionRule } from '../analysis/types.ts';

/** The parts of Experiment that this stage works with. Times are RFC 3339 texts. */

export const TEMPLATE_NAME_ANNOTATION = 'experiment.argoproj.io/template-name';

type Labels = Record<string, string>;

export interface ExperimentTemplate {
  name: string;
  replicas?: number;
  minReadySeconds?: number;
  selector?: LabelSelector;
  template: { metadata?: { labels?: Labels; annotations?: Labels }; spec?: Record<string, unknown> };
  service?: { name?: string };
}

export interface ExperimentAnalysis {
  name: string;
  templateName: string;
  clusterScope?: boolean;
  args?: readonly Argument[];
  requiredForCompletion?: boolean;
}

export interface ExperimentSpec {
  templates: readonly ExperimentTemplate[];
  /** A Go duration, counted from status.availableAt; without it the experiment runs until its analyses end it. */
  duration?: string;
  progressDeadlineSeconds?: number;
  terminate?: boolean;
  analyses?: readonly ExperimentAnalysis[];
  scaleDownDelaySeconds?: number;
  dryRun?: readonly DryRunRule[];
  measurementRetention?: readonly RetentionRule[];
  analysisRunMetadata?: { labels?: Labels; annotations?: Labels };
}

export type TemplatePhase = 'Progressing' | 'Running' | 'Successful' | 'Failed' | 'Error';

export interface TemplateStatus {
  name: string;
  replicas: number;
  updatedReplicas: number;
  readyReplicas: number;
  availableReplicas: number;
  collisionCount?: number;
  status?: TemplatePhase;
  message?: string;
  /** When its pods last changed: the clock of progressDeadlineSeconds. */
  lastTransitionTime?: string;
  serviceName?: string;
  podTemplateHash?: string;
}

export interface ExperimentRunStatus {
  name: string;
  analysisRun: string;
  phase: Phase | '';
  message?: string;
}

export interface ExperimentCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
  lastUpdateTime: string;
  lastTransitionTime: string;
}

export interface ExperimentStatus {
  phase?: Phase;
  message?: string;
  templateStatuses?: readonly TemplateStatus[];
  availableAt?: string;
  conditions?: readonly ExperimentCondition[];
  analysisRuns?: readonly ExperimentRunStatus[];
}

export interface Experiment {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: ExperimentSpec;
  status?: ExperimentStatus;
}
