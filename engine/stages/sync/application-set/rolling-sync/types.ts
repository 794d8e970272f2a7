/** One label requirement of a step: `In` and `NotIn` are all there is. */
export interface MatchExpression {
  key: string;
  operator: string;
  values?: string[];
}

export interface RolloutStep {
  matchExpressions?: MatchExpression[];
  /** A number of Applications, or `p%` of those in the step. */
  maxUpdate?: number | string;
}

export interface Strategy {
  type?: string;
  rollingSync?: { steps?: RolloutStep[] };
  deletionOrder?: string;
}

export type ProgressStatus = 'Waiting' | 'Pending' | 'Progressing' | 'Healthy';

/** One entry of `status.applicationStatus`. */
export interface ApplicationProgress {
  application: string;
  lastTransitionTime?: string;
  message: string;
  status: ProgressStatus;
  /** 1-based; `-1` for an Application that no step selects. */
  step: string;
  targetRevisions: string[];
}

/** What is wrong with the steps; one of them is reported (argo-cd.md §2.8 E). Step numbers here count from 0. */
export interface RolloutIssues {
  invalidOperators: { step: number; operator: string }[];
  duplicates: Map<string, number[]>;
  invalidMaxUpdates: { step: number; maxUpdate: string }[];
  emptySteps: number[];
}

/** The steps with the Applications they select, by name and in the order given. */
export interface StepAssignment {
  steps: string[][];
  /** First step that selects an Application, from 0. */
  stepOf: Map<string, number>;
  issues: RolloutIssues;
}
