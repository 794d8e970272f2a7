import { compileRegex, type Regex, type RegexMatch, RegexSyntaxError } from '#lib/regex/regex.ts';
import { fn, type TemplateFunction } from './function.ts';

const COMPILED = new Map<string, Regex>();
const COMPILED_MAX = 200;

function compiled(pattern: string): Regex {
  const known = COMPILED.get(pattern);
  if (known !== undefined) return known;
  try {
    const regex = compileRegex(pattern);
    if (COMPILED.size >= COMPILED_MAX) COMPILED.clear();
    COMPILED.set(pattern, regex);
    return regex;
  } catch (error) {
    if (error instanceof RegexSyntaxError) throw new Error(`error parsing regexp: ${error.message}`);
    throw error;
  }
}

/** All matches one after another, as Go finds them: no empty one right behind another match. */
function matchesOf(pattern: string, value: string, most = -1): RegexMatch[] {
  const regex = compiled(pattern);
  const found: RegexMatch[] = [];
  let at = 0;
  let lastEnd = -1;
  while (at <= value.length && (most < 0 || found.length < most)) {
    const match = regex.match(value, at);
    if (match === undefined) break;
    const isEmpty = match.end === match.start;
    if (!isEmpty || match.start !== lastEnd) found.push(match);
    lastEnd = match.end;
    const wide = (value.codePointAt(match.end) ?? 0) > 0xffff ? 2 : 1;
    at = isEmpty ? match.end + wide : match.end;
  }
  return found;
}

function replaced(pattern: string, value: string, replacement: (match: RegexMatch) => string): string {
  let result = '';
  let at = 0;
  for (const match of matchesOf(pattern, value)) {
    result += value.slice(at, match.start) + replacement(match);
    at = match.end;
  }
  return result + value.slice(at);
}

/** Go's `Expand`: `$1`, `${1}`, `$name`, `${name}`, `$$`; what names no group is empty. */
function expanded(template: string, match: RegexMatch): string {
  return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (all, braced?: string, plain?: string) => {
    if (all === '$$') return '$';
    const name = (braced ?? plain) as string;
    return (/^\d+$/.test(name) ? match.groups[Number(name)] : match.named[name]) ?? '';
  });
}

function split(pattern: string, value: string, most: bigint): string[] {
  const limit = Number(most);
  if (limit === 0) return [];
  if (pattern !== '' && value === '') return [''];
  const pieces: string[] = [];
  let [begin, end] = [0, 0];
  for (const match of matchesOf(pattern, value, limit)) {
    if (limit > 0 && pieces.length === limit - 1) break;
    end = match.start;
    if (match.end !== 0) pieces.push(value.slice(begin, end));
    begin = match.end;
  }
  return end === value.length ? pieces : [...pieces, value.slice(begin)];
}

const regexMatch = fn('ss', (pattern: string, value: string) => compiled(pattern).test(value));
/** Upstream's plain variant says no instead of failing. */
const regexMatchOrNot = fn('ss', (pattern: string, value: string) => {
  try {
    return compiled(pattern).test(value);
  } catch {
    return false;
  }
});
const regexFind = fn('ss', (pattern: string, value: string) => compiled(pattern).match(value)?.groups[0] ?? '');
const regexFindAll = fn('ssi', (pattern: string, value: string, most: bigint) =>
  matchesOf(pattern, value, Number(most)).map(({ groups }) => groups[0]),
);
const regexReplaceAll = fn('sss', (pattern: string, value: string, to: string) =>
  replaced(pattern, value, (match) => expanded(to, match)),
);
const regexReplaceAllLiteral = fn('sss', (pattern: string, value: string, to: string) =>
  replaced(pattern, value, () => to),
);
const regexSplit = fn('ssi', split);

export const regexFunctions: Readonly<Record<string, TemplateFunction>> = {
  regexMatch: regexMatchOrNot,
  mustRegexMatch: regexMatch,
  regexFind,
  mustRegexFind: regexFind,
  regexFindAll,
  mustRegexFindAll: regexFindAll,
  regexReplaceAll,
  mustRegexReplaceAll: regexReplaceAll,
  regexReplaceAllLiteral,
  mustRegexReplaceAllLiteral: regexReplaceAllLiteral,
  regexSplit,
  mustRegexSplit: regexSplit,
  regexQuoteMeta: fn('s', (value: string) => value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')),
};
