/** Target selection (spec §8.1): anchored regular expressions, label and annotation selectors. */

import { compileRegex } from '../regex/regex.ts';
import { fail, type Position } from './errors.ts';
import type { Selector } from './kustomization/types.ts';
import type { Gvk, Resource } from './resource.ts';

type At = Position & { source?: string };

/** A compiled selector. */
export interface Matcher {
  gvk(gvk: Gvk): boolean;
  name(name: string): boolean;
  namespace(namespace: string): boolean;
  /** Label and annotation selectors. */
  metadata(resource: Resource): boolean;
}

/** Compiles a selector. Throws KustomizeError for an invalid expression. */
export function compileSelector(selector: Selector, at: At): Matcher {
  const part = (pattern: string | undefined) => compilePattern(pattern, at);
  const [group, version, kind] = [part(selector.group), part(selector.version), part(selector.kind)];
  const labels = compileRequirements(selector.labelSelector, at);
  const annotations = compileRequirements(selector.annotationSelector, at);
  return {
    gvk: (gvk) => group(gvk.group) && version(gvk.version) && kind(gvk.kind),
    name: part(selector.name),
    namespace: part(selector.namespace),
    metadata: (resource) => labels(resource.labels()) && annotations(resource.annotations()),
  };
}

/** The resources whose original or current name and namespace match, with the current group, version and kind. */
export function selectResources(resources: readonly Resource[], selector: Selector, at: At): Resource[] {
  const matcher = compileSelector(selector, at);
  return resources.filter((resource) => {
    if (!resource.object || !matcher.gvk(resource.gvk)) return false;
    const [current, original] = [resource.currentId, resource.originalId];
    return (
      (matcher.namespace(original.namespace) || matcher.namespace(current.namespace)) &&
      (matcher.name(original.name) || matcher.name(current.name)) &&
      matcher.metadata(resource)
    );
  });
}

function compilePattern(pattern: string | undefined, at: At): (text: string) => boolean {
  if (!pattern) return () => true;
  if (/^[A-Za-z0-9_-]+$/.test(pattern)) return (text) => text === pattern;
  try {
    const expression = compileRegex(`^(?:${pattern})$`);
    return (text) => expression.test(text);
  } catch (error) {
    return fail(at, {
      code: 'wrong-value',
      message: `"${pattern}" is not a valid regular expression`,
      why: error instanceof Error ? error.message : undefined,
      fix: 'correct it',
    });
  }
}

type Requirement = (values: Readonly<Record<string, string>>) => boolean;

const SET = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const COMPARISON = /^([^\s=!<>]+)\s*(==|=|!=|>|<)\s*([^\s=!<>]*)$/;
const EXISTS = /^(!?)\s*([^\s=!<>()]+)$/;

/** Kubernetes selector syntax: `a=b, c!=d, e in (f,g), h notin (i), j, !k`. */
function compileRequirements(selector: string | undefined, at: At): Requirement {
  if (!selector?.trim()) return () => true;
  const requirements = splitRequirements(selector).map((text) => compileRequirement(text.trim(), at));
  return (values) => requirements.every((requirement) => requirement(values));
}

function splitRequirements(selector: string): string[] {
  return selector.split(/,(?![^(]*\))/);
}

function compileRequirement(text: string, at: At): Requirement {
  const set = SET.exec(text);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const members = list.split(',').map((item) => item.trim());
    return (values) =>
      Object.hasOwn(values, key) ? members.includes(values[key] ?? '') === (operator === 'in') : operator === 'notin';
  }
  const comparison = COMPARISON.exec(text);
  if (comparison) return compareRequirement(comparison[1] ?? '', comparison[2] ?? '', comparison[3] ?? '');
  const exists = EXISTS.exec(text);
  if (exists) return (values) => Object.hasOwn(values, exists[2] ?? '') === (exists[1] === '');
  const fix = 'use key=value, key!=value, key in (a,b), key notin (a,b), key or !key';
  return fail(at, { code: 'wrong-value', message: `"${text}" is not a valid selector`, fix });
}

function compareRequirement(key: string, operator: string, expected: string): Requirement {
  return (values) => {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (operator === '!=') return value !== expected;
    if (operator === '>' || operator === '<') {
      if (value === undefined || !/^-?\d+$/.test(value)) return false;
      return operator === '>' ? Number(value) > Number(expected) : Number(value) < Number(expected);
    }
    return value === expected;
  };
}
