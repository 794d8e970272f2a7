import { compileRegex, RegexSyntaxError } from '#lib/regex/regex.ts';
import type { Filter, HttpRoute, Rule } from './types.ts';

const FILTERS = new Set([
  'RequestHeaderModifier',
  'ResponseHeaderModifier',
  'RequestRedirect',
  'URLRewrite',
  'RequestMirror',
]);

/** What of an HTTPRoute this engine does not execute, with the field's path; none of its rules is served then. */
export function unsupportedFields(route: HttpRoute): string[] {
  return (route.spec.rules ?? []).flatMap((rule, index) => ruleProblems(rule, `spec.rules[${index}]`));
}

function ruleProblems(rule: Rule, path: string): string[] {
  const fields = (['timeouts', 'retry', 'sessionPersistence'] as const)
    .filter((field) => rule[field] !== undefined)
    .map((field) => `${path}.${field} is not reproduced by this engine`);
  const filters = (rule.filters ?? []).flatMap((filter, index) => filterProblems(filter, `${path}.filters[${index}]`));
  const backends = (rule.backendRefs ?? []).flatMap((backend, index) =>
    (backend.filters ?? []).length === 0
      ? []
      : [`${path}.backendRefs[${index}].filters is not reproduced by this engine`],
  );
  return [...fields, ...filters, ...backends, ...patternProblems(rule, path)];
}

function filterProblems(filter: Filter, path: string): string[] {
  if (!FILTERS.has(filter.type)) return [`${path}: filter type ${filter.type} is not reproduced by this engine`];
  return [];
}

function patternProblems(rule: Rule, path: string): string[] {
  return (rule.matches ?? []).flatMap((match, index) => {
    const at = `${path}.matches[${index}]`;
    const isPattern = ({ type }: { type?: string }) => type === 'RegularExpression';
    const patterns = [
      ...(match.path !== undefined && isPattern(match.path) ? [[`${at}.path`, match.path.value]] : []),
      ...(match.headers ?? []).filter(isPattern).map(({ name, value }) => [`${at}.headers[${name}]`, value]),
      ...(match.queryParams ?? []).filter(isPattern).map(({ name, value }) => [`${at}.queryParams[${name}]`, value]),
    ] as [string, string][];
    return patterns.flatMap(([place, pattern]) => patternProblem(place, pattern));
  });
}

function patternProblem(path: string, pattern: string): string[] {
  try {
    compileRegex(pattern, { anchored: true });
    return [];
  } catch (error) {
    if (!(error instanceof RegexSyntaxError)) throw error;
    return [`${path}: ${error.message}`];
  }
}
