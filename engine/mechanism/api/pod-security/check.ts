import type { Subject } from './subject.ts';

/** One rule of the Pod Security Standards. */
export interface Check {
  /** Upstream's id; messages come in the order of ids, baseline first. */
  id: string;
  level: 'baseline' | 'restricted';
  /** The minor version of Kubernetes the rule came with. */
  sinceMinor: number;
  /** The baseline check that a restricted one takes the place of, from `overridesFromMinor` on. */
  overrides?: string;
  /** What is wrong, or undefined. `minor` is the version of the rules; Infinity for the latest. */
  find(subject: Subject, minor: number): Violation | undefined;
}

export interface Violation {
  reason: string;
  detail: string;
}
