import type { FileSystem } from '../engine/mechanism/lib/kustomize/index.ts';
import { compareFindings, type Finding } from './finding.ts';
import { openTree, type Tree, type TreeOptions } from './model/tree.ts';
import type { Rule } from './rule.ts';
import { RULES } from './rules/index.ts';
import { applySuppressions, readSuppressions } from './suppression.ts';

export interface CheckResult {
  tree: Tree;
  /** What is wrong, in the order of files and lines. */
  findings: readonly Finding[];
  /** What somebody accepted, and why. */
  accepted: readonly { finding: Finding; reason: string }[];
}

/** Checks a tree. Never throws on any content of files; the same files give the same findings. */
export function checkTree(files: FileSystem, options: TreeOptions, rules: readonly Rule[] = RULES): CheckResult {
  const tree = openTree(files, options);
  const found = rules.flatMap((rule) => applyRule(rule, tree));
  const { suppressions, faults } = readSuppressions(tree);
  const { kept, accepted } = applySuppressions(once(found), suppressions);
  return { tree, findings: [...kept, ...faults].sort(compareFindings), accepted };
}

/** A rule that fails on a tree is a defect, told as a finding so that the others still speak. */
function applyRule(rule: Rule, tree: Tree): Finding[] {
  try {
    return [...rule.check(tree)].map((issue) => ({
      ...issue,
      rule: rule.id,
      severity: issue.severity ?? rule.severity,
    }));
  } catch (error) {
    const at = { file: tree.folder === '' ? '.' : tree.folder, line: 1, column: 1 };
    const message = `the rule ${rule.id} could not be applied: ${(error as Error).message}`;
    return [
      {
        rule: 'internal/rule',
        severity: 'error',
        at,
        message,
        fix: 'this is a defect of pern check; please report it',
      },
    ];
  }
}

/** A base is rendered once an environment: the same finding at the same place is told once, with all deployments. */
function once(findings: readonly Finding[]): Finding[] {
  const result = new Map<string, Finding>();
  for (const finding of findings) {
    const { rule, at, message } = finding;
    const id = `${rule} ${at.file}:${at.line}:${at.column} ${message}`;
    const known = result.get(id);
    const deployments = [...new Set([...(known?.deployments ?? []), ...(finding.deployments ?? [])])];
    result.set(id, { ...(known ?? finding), ...(deployments.length === 0 ? {} : { deployments }) });
  }
  return [...result.values()];
}
