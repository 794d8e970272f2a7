import type { Outcome } from '../scenario/types.ts';

/** What a rehearsal saw, as data: every report is made from it. Times are milliseconds since the epoch, virtual. */
export interface Facts {
  scenario: { name: string; description?: string; file: string; seed: number };
  startMs: number;
  endMs: number;
  /** Entries of the virtual clock that were run. */
  steps: number;
  timeline: readonly TimelineEntry[];
  releases: readonly Release[];
  components: readonly ComponentFacts[];
  analyses: readonly AnalysisFacts[];
  notifications: readonly NotificationFact[];
  decisions: readonly Decision[];
  environments: readonly EnvironmentFacts[];
  /** What the model leaves out of this tree; never silently. */
  notModelled: readonly string[];
  checks: readonly Check[];
  /** False: something still went on when the time of the scenario was over. */
  isSettled: boolean;
}

export type Tone = 'good' | 'bad' | 'warn' | 'info';

export interface TimelineEntry {
  atMs: number;
  what: 'commit' | 'sync' | 'release' | 'weight' | 'analysis' | 'person' | 'fault' | 'pod' | 'message';
  tone: Tone;
  environment?: string;
  component?: string;
  text: string;
}

export interface Release {
  environment: string;
  component: string;
  from: string;
  to: string;
  startMs: number;
  endMs?: number;
  outcome: 'promoted' | 'aborted' | 'superseded' | 'reverted' | 'paused' | 'degraded' | 'progressing';
  message?: string;
  /** Weights users' requests were split by, in order. */
  weights: { atMs: number; weightPercent: number }[];
  maxWeightPercent: number;
  exposure: Exposure;
}

/** What users saw of the new version of a release. Users are an estimate (`world/users.ts`). */
export interface Exposure {
  requests: number;
  wrongAnswers: number;
  slowAnswers: number;
  users: number;
  /** Minutes in which some of the traffic went to it before the verdict. */
  minutesAtRisk: number;
}

export interface ComponentFacts {
  environment: string;
  component: string;
  versions: readonly VersionFacts[];
  pods: readonly { atMs: number; ready: number; total: number }[];
  podsPeak: number;
  readyLeast: number;
  replicas: number;
  /** Pods that a disruption budget wants available. */
  availableWanted?: number;
  restarts: number;
}

export interface VersionFacts {
  version: string;
  requests: number;
  wrongAnswers: number;
  /** Requests per second and share of wrong answers over time. */
  samples: readonly { atMs: number; requestsPerSecond: number; errorRate: number }[];
}

export interface EnvironmentFacts {
  environment: string;
  application: string;
  namespace: string;
  unanswered: number;
  sync: string;
  health: string;
  message?: string;
  podsPeak: number;
  podsQuota?: number;
}

export interface AnalysisFacts {
  environment: string;
  component: string;
  name: string;
  /** `step`, `background`, … as Argo Rollouts labels it. */
  kind: string;
  stepIndex?: number;
  phase: string;
  message?: string;
  startMs: number;
  endMs?: number;
  metrics: readonly MetricFacts[];
}

export interface MetricFacts {
  name: string;
  phase: string;
  successCondition?: string;
  failureCondition?: string;
  /** The number `result` is compared with, when there is one. */
  threshold?: number;
  measurements: readonly { atMs: number; phase: string; value?: string; message?: string }[];
}

export interface NotificationFact {
  atMs: number;
  service: string;
  recipient: string;
  text: string;
  failure?: string;
}

/** What a person decided, or had to. */
export interface Decision {
  atMs: number;
  environment: string;
  by: string;
  what: string;
  outcome: string;
}

/** One expectation of the scenario, and what came. */
export interface Check {
  text: string;
  ok: boolean;
  got: string;
  at: { file: string; line: number; column: number };
}

export type { Outcome };
