import type { ScrapeTable } from '#machine/metrics.ts';
import type { SecretValues } from '#machine/notifications.ts';
import type { NodeEffect, SandboxState } from '#machine/pods.ts';
import type { Answer, MetricRequest, MetricResult, Question } from '#machine/questions.ts';
import type { NameTable, ServiceTable, TrafficTable } from '#machine/traffic.ts';

/**
 * The machine, as the engine sees it: one interface a part, implemented twice. `edges/real` runs processes, proxies and
 * git; `edges/sim` runs models on a virtual clock. The engine never asks which one it was given.
 */
export interface Machine {
  node: NodePort;
  traffic: TrafficPort;
  metrics: MetricsPort;
  source: SourcePort;
  /** A machine without one answers every web question with a failure. */
  web?: WebPort;
  /** A machine without one fails every delivery. */
  notifications?: NotificationPort;
}

/** Runs pods. Effects return at once; what they lead to shows in `sandbox()` and is announced through `onChange`. */
export interface NodePort {
  apply(effect: NodeEffect): void;
  sandbox(podUid: string): SandboxState | undefined;
  sandboxes(): readonly SandboxState[];
  /** Called with the uid of a pod whose sandbox changed. */
  onChange(listener: (podUid: string) => void): void;
  /** Answers `image` questions. */
  answer(question: Extract<Question, { ask: 'image' }>, respond: (answer: Answer) => void): () => void;
}

/** Applies tables atomically: a request sees the old table or the new one, never a mixture. */
export interface TrafficPort {
  setTraffic(table: TrafficTable): void;
  setServices(table: ServiceTable): void;
  setNames(table: NameTable): void;
}

export interface MetricsPort {
  setScrapes(table: ScrapeTable): void;
  answer(question: Extract<Question, { ask: 'query' }>, respond: (answer: Answer) => void): () => void;
}

/** HTTP requests of web metrics. Every question is answered, at the latest when its time-out is over. */
export interface WebPort {
  answer(question: Extract<Question, { ask: 'web' }>, respond: (answer: Answer) => void): () => void;
}

export type { MetricRequest, MetricResult };

/** Git and rendering. */
export interface SourcePort {
  answer(
    question: Extract<Question, { ask: 'revision' | 'tree' | 'files' | 'render' | 'commit' | 'signatures' }>,
    respond: (answer: Answer) => void,
  ): () => void;
  /** Looks at a repository now instead of at its next poll; an unknown one is nobody's business. */
  refresh?(repoURL: string): void;
}

/** Sends messages. Every question is answered; values of secrets reach the service and nobody else. */
export interface NotificationPort {
  answer(
    question: Extract<Question, { ask: 'deliver' }>,
    secrets: SecretValues,
    respond: (answer: Answer) => void,
  ): () => void;
}
