import type { Issue, Severity } from './finding.ts';
import type { Tree } from './model/tree.ts';

/** A rule is data and a pure function: help, `--explain` and the reference page are made from the data. */
export interface Rule {
  /** `family/name`, lower case with dashes. Ids are stable: suppressions and SARIF consumers keep them. */
  id: string;
  severity: Severity;
  /** One line: what it finds. */
  summary: string;
  /** A paragraph for `--explain`: what would happen in a cluster, with the source of the rule. */
  why: string;
  /** A wrong and a right piece of YAML. */
  example: { bad: string; good: string };
  /** Yields every violation. Must not throw on any tree: fields of unexpected types are another rule's business. */
  check(tree: Tree): Iterable<Issue>;
}
