import type { Place } from '../../check/finding.ts';
import type { FieldPath } from '../../check/model/source.ts';

/** Lengths of time are milliseconds, shares are 0 to 1, times are milliseconds since the epoch. */
export interface Scenario {
  file: string;
  name: string;
  description?: string;
  /** When the first event may happen. */
  startMs: number;
  /** How much virtual time the story may take. */
  withinMs: number;
  seed: number;
  /** Environments that take part; undefined: those that events and expectations name. */
  environments?: readonly string[];
  /** By component (or image name), then by tag. */
  images: Readonly<Record<string, Readonly<Record<string, ImageModel>>>>;
  /** By environment; `*` is for all others. */
  traffic: Readonly<Record<string, TrafficModel>>;
  tree: TreeChanges;
  /** Who approves whatever waits for an approval, and how long that takes. */
  approvals?: { after: number; by?: string };
  events: readonly ScenarioEvent[];
  expect: readonly Expectation[];
  /** The place of a field, for messages about it. */
  placeOf(path: FieldPath): Place;
}

/** What the scenario changes in the tree before it is installed. */
export interface TreeChanges {
  /** Path → content; null removes. */
  files?: Readonly<Record<string, string | null>>;
  /** Kustomize patches of the root Application. */
  patches?: readonly unknown[];
}

export interface Distribution {
  p50: number;
  p95: number;
}

/** What requests meet. Left out: as a healthy version. */
export interface AnswerModel {
  errorRate?: number;
  latency?: Distribution;
  query?: Distribution;
  poolInUse?: number;
  poolWaiting?: number;
}

export interface ImageModel extends AnswerModel {
  exists?: boolean;
  ready?: boolean;
  startup?: number;
  exits?: { after: number; code?: number; reason?: string };
  cpu?: { idleMillicores?: number; millisecondsPerRequest?: number };
  memory?: { base: number; perRequest?: number };
  changes?: readonly ImageChange[];
}

/** A change of behaviour, and when it holds: all conditions that are given. The last change that holds wins, field by field. */
export interface ImageChange extends AnswerModel {
  when: {
    after?: number;
    until?: number;
    requestsPerSecond?: number;
    share?: number;
    requests?: number;
    memory?: number;
  };
}

export interface TrafficModel {
  requestsPerSecond: number;
  /** Factor by hour of the day (UTC), `"08"` → 1; hours between are interpolated. */
  daily?: Readonly<Record<string, number>>;
  /** Requests per second of single components, instead. */
  components?: Readonly<Record<string, number>>;
  requestsPerUserPerMinute?: number;
  /** How long a person stays. */
  session?: number;
}

export interface Condition {
  environment: string;
  component?: string;
  is?: 'promoted' | 'aborted' | 'paused' | 'progressing' | 'synced' | 'waiting';
  weight?: number;
}

/** One thing that happens. Events happen one after the other. */
export interface ScenarioEvent {
  /** Since the start. */
  at?: number;
  /** At a time of the calendar. */
  on?: number;
  /** Since the event before. */
  after?: number;
  when?: Condition;
  commit?: CommitAction;
  revert?: { message?: string; signed?: boolean; by?: string };
  approve?: PersonAction;
  refuse?: PersonAction;
  promote?: PersonAction & { component: string; full?: boolean };
  abort?: PersonAction & { component: string };
  fault?: Fault;
}

export interface CommitAction {
  environment?: string;
  images?: Readonly<Record<string, string>>;
  files?: Readonly<Record<string, string | null>>;
  message?: string;
  /** By a key that the projects allow (default), by no key, or by the key with this id. */
  signed?: boolean;
  key?: string;
  by?: string;
}

export interface PersonAction {
  environment: string;
  by?: string;
  reason?: string;
}

export interface Fault {
  prometheus?: 'down';
  git?: 'down';
  notifications?: string;
  controllers?: 'killed';
  /** Between two ends of the controllers. */
  every?: number;
  /** Ends one pod of a component, as a crash would. */
  pod?: { environment: string; component: string };
  for?: number;
}

export type Outcome = 'promoted' | 'aborted' | 'paused' | 'unchanged' | 'waiting' | 'degraded';

export interface Expectation {
  environment: string;
  component?: string;
  outcome?: Outcome;
  version?: string;
  /** Since the first commit to the environment. */
  within?: number;
  notBefore?: number;
  maxWeight?: number;
  reason?: string;
  /** The metric whose measurements decided. */
  metric?: string;
  wrongAnswersMax?: number;
  requestsMax?: number;
  unansweredMax?: number;
  notification?: string;
}
