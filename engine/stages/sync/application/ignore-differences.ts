import { compileGlob } from '../../render/glob.ts';
import { copyPath, type PathStep, parseJqPath, parsePointer, removePath } from './json-path.ts';
import type { IgnoreDifference } from './types.ts';

interface Subject {
  group: string;
  kind: string;
  namespace: string;
  name: string;
}

export interface IgnoreRule {
  matches: (subject: Subject) => boolean;
  paths: readonly PathStep[][];
}

/**
 * `spec.ignoreDifferences` as rules, and what is wrong with it. Expressions outside the supported subset and
 * managedFieldsManagers are refused by field name.
 */
export function compileIgnoreDifferences(entries: readonly IgnoreDifference[] | undefined): {
  rules: IgnoreRule[];
  errors: string[];
} {
  const errors: string[] = [];
  const rules = (entries ?? []).map((entry, index) => {
    const field = `spec.ignoreDifferences[${index}]`;
    if ((entry.managedFieldsManagers ?? []).length > 0) {
      errors.push(`${field}.managedFieldsManagers: not reproduced; name the fields with jsonPointers`);
    }
    const compile = (list: string, texts: readonly string[] | undefined, parse: typeof parsePointer) =>
      (texts ?? []).flatMap((text, at) => {
        const path = parse(text);
        if (path === undefined) errors.push(`${field}.${list}[${at}]: cannot read ${JSON.stringify(text)}`);
        return path === undefined ? [] : [path];
      });
    const paths = [
      ...compile('jsonPointers', entry.jsonPointers, parsePointer),
      ...compile('jqPathExpressions', entry.jqPathExpressions, parseJqPath),
    ];
    return { matches: (subject: Subject) => entryMatches(entry, subject), paths };
  });
  return { rules, errors };
}

function entryMatches(entry: IgnoreDifference, subject: Subject): boolean {
  return (
    compileGlob(entry.group ?? '')(subject.group) &&
    compileGlob(entry.kind ?? '')(subject.kind) &&
    (entry.name === undefined || entry.name === '' || entry.name === subject.name) &&
    (entry.namespace === undefined || entry.namespace === '' || entry.namespace === subject.namespace)
  );
}

/** A copy of `object` without the ignored parts. */
export function withoutIgnored<T>(object: T, subject: Subject, rules: readonly IgnoreRule[]): T {
  let result = object;
  for (const rule of rules) {
    if (rule.matches(subject)) for (const path of rule.paths) result = removePath(result, path);
  }
  return result;
}

/** RespectIgnoreDifferences: `desired` with the ignored fields as they are live (never the status). */
export function withIgnoredFromLive<T>(desired: T, live: unknown, subject: Subject, rules: readonly IgnoreRule[]): T {
  let result = desired;
  for (const rule of rules) {
    if (!rule.matches(subject)) continue;
    for (const path of rule.paths) {
      const [first] = path;
      if (first?.step === 'member' && first.name === 'status') continue;
      result = copyPath(result, live, path);
    }
  }
  return result;
}
