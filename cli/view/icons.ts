import { type Span, span, type Tone } from './lines.ts';

/** One icon and tone a state, for every view of every kind. The icons are those of `kubectl argo rollouts`. */
const STATES: Readonly<Record<string, readonly [icon: string, tone: Tone | undefined]>> = {
  Healthy: ['✔', 'ok'],
  Running: ['✔', 'ok'],
  Successful: ['✔', 'ok'],
  Succeeded: ['✔', 'ok'],
  Completed: ['✔', 'ok'],
  Synced: ['✔', 'ok'],
  Progressing: ['◌', 'busy'],
  Pending: ['◌', 'busy'],
  Waiting: ['◷', 'warn'],
  Terminating: ['◌', 'busy'],
  ContainerCreating: ['◌', 'busy'],
  PodInitializing: ['◌', 'busy'],
  Starting: ['◌', 'busy'],
  Paused: ['॥', 'paused'],
  Suspended: ['॥', 'paused'],
  Inconclusive: ['?', 'warn'],
  Unknown: ['?', 'warn'],
  OutOfSync: ['⚠', 'warn'],
  Missing: ['⚠', 'warn'],
  Error: ['⚠', 'bad'],
  Degraded: ['✖', 'bad'],
  Failed: ['✖', 'bad'],
  ReplicaFailure: ['✖', 'bad'],
  ScaledDown: ['•', 'dim'],
};

export const KIND_ICONS: Readonly<Record<string, string>> = {
  Rollout: '⟳',
  Revision: '#',
  ReplicaSet: '⧉',
  Pod: '□',
  Job: '⊞',
  Experiment: 'Σ',
  AnalysisRun: 'α',
};

/** `✔ Healthy`, in its colour. A state that is not in the table (`CrashLoopBackOff`) is a warning. */
export function stateSpan(state: string): Span {
  const [icon, tone] = STATES[state] ?? (state.startsWith('Init:') ? ['◌', 'busy'] : ['⚠', 'bad']);
  return span(`${icon} ${state}`, tone as Tone | undefined);
}

export function stateIcon(state: string): Span {
  const { text, tone } = stateSpan(state);
  return span(text.slice(0, text.indexOf(' ')), tone);
}

/** An analysis or one of its metrics: `Running` is work under way there, not the good state that it is for a pod. */
export function analysisSpan(phase: string): Span {
  return phase === 'Running' ? span('◌ Running', 'busy') : stateSpan(phase);
}
