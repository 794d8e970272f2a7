/** Label matchers of selectors. */
import { compileRegex } from '../regex/regex.ts';
import { METRIC_NAME } from './labels.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** One condition on one label; a missing label counts as the empty string. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  matches(labelValue: string): boolean;
}

/** @throws RegexSyntaxError when the pattern of `=~` or `!~` is not RE2. */
export function compileMatcher(name: string, operator: MatchOperator, value: string): Matcher {
  return { name, operator, value, matches: compileTest(operator, value) };
}

/** The matcher of a plain metric name. */
export function nameMatcher(metricName: string): Matcher {
  return compileMatcher(METRIC_NAME, '=', metricName);
}

function compileTest(operator: MatchOperator, value: string): (labelValue: string) => boolean {
  if (operator === '=') return (labelValue) => labelValue === value;
  if (operator === '!=') return (labelValue) => labelValue !== value;
  const regex = compileRegex(value, { anchored: true, dotAll: true });
  const seen = new Map<string, boolean>();
  const wanted = operator === '=~';
  return (labelValue) => {
    let result = seen.get(labelValue);
    if (result === undefined) {
      result = regex.test(labelValue) === wanted;
      if (seen.size > 10_000) seen.clear();
      seen.set(labelValue, result);
    }
    return result;
  };
}
