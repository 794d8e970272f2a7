import type { Answer, Question } from '#machine/questions.ts';
import { formatFailure } from '../../commit/failures.ts';
import type { Templating } from './templating.ts';
import { GeneratorError, PendingError } from './types.ts';

/** Asks, and returns the answer when it is there. */
export type Ask = <Q extends Question>(question: Q) => Answer<Q> | undefined;

/** A cluster as its Secret describes it. */
export interface ClusterSecret {
  /** `data.name` and `data.server`, decoded. */
  name: string;
  server: string;
  project: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
}

/** Everything of the world that generators may use. */
export interface GeneratorInputs {
  ask: Ask;
  clusters: readonly ClusterSecret[];
  /** Annotation `pern-gitops.dev/scm-fixture` of the set: the file that stands in for SCM hosts. */
  scmFixture?: string;
  /** Whether a project exists; undefined when nobody knows (no engine is asked). */
  hasProject?: (name: string) => boolean;
}

/** What one generator is expanded with. */
export interface GeneratorContext extends GeneratorInputs {
  /** Where the generator stands, for messages: `spec.generators[0].git`. */
  field: string;
  templating: Templating;
  /** The project of the set's template, when it is not a template itself. */
  project: string | undefined;
  /** Matrix and merge generators around this one. */
  depth: number;
}

/** The value of an answer. Throws PendingError while there is none, GeneratorError when it is a failure. */
export function answered<T>(
  answer: { ok: true; value: T } | { ok: false; failure: Parameters<typeof formatFailure>[0] } | undefined,
  trying: string,
): T {
  if (answer === undefined) throw new PendingError();
  if (answer.ok) return answer.value;
  throw new GeneratorError(`${trying}: ${formatFailure(answer.failure)}`);
}

/** Refuses members that are not reproduced: nothing that somebody wrote is ignored. */
export function refuseOthers(value: object, known: ReadonlySet<string>, field: string): void {
  for (const key of Object.keys(value).sort()) {
    if (!known.has(key)) throw new GeneratorError(`${field}.${key}: not reproduced`);
  }
}
