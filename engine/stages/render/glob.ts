/** Glob patterns in the dialects Argo CD mixes (argo-cd.md §11.1). Each compiles to a predicate; none throws. */

type Matcher = (text: string) => boolean;

const NEVER: Matcher = () => false;

/** gobwas, in linear time. A pattern that does not compile matches nothing. */
export { compileGlob } from '#lib/glob/glob.ts';

/** Go's `path.Match` and `filepath.Match`: `*` and `?` stop at `/`, `[^a]` negates, no alternatives. */
export function compilePathMatch(pattern: string): Matcher {
  return toMatcher(
    translate(pattern, { star: '[^/]*', doubleStar: '[^/]*', one: '[^/]', negation: '^', alternatives: false }),
  );
}

/** A git pathspec: `*` and `?` cross `/`; a pattern without wildcards names a file or a directory with all it holds. */
export function compilePathspec(pattern: string): Matcher {
  if (!/[*?[\\]/.test(pattern)) return (text) => text === pattern || text.startsWith(`${pattern}/`);
  const any = '[\\s\\S]';
  return toMatcher(
    translate(pattern, { star: `${any}*`, doubleStar: `${any}*`, one: any, negation: '!', alternatives: false }),
  );
}

interface Dialect {
  star: string;
  doubleStar: string;
  one: string;
  negation: string;
  alternatives: boolean;
}

function toMatcher(source: string | undefined): Matcher {
  if (source === undefined) return NEVER;
  try {
    const expression = new RegExp(`^(?:${source})$`, 'u');
    return (text) => expression.test(text);
  } catch {
    return NEVER;
  }
}

/** The regular expression for a pattern, or undefined when the pattern is malformed. */
function translate(pattern: string, dialect: Dialect): string | undefined {
  let source = '';
  let depth = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] as string;
    if (char === '*') {
      const run = /^\*+/.exec(pattern.slice(at))?.[0].length ?? 1;
      source += run > 1 ? dialect.doubleStar : dialect.star;
      at += run - 1;
    } else if (char === '?') source += dialect.one;
    else if (char === '\\') {
      if (at + 1 >= pattern.length) return undefined;
      source += escapeRegExp(pattern[++at] as string);
    } else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) return undefined;
      source += translateClass(pattern.slice(at + 1, end), dialect.negation);
      at = end;
    } else if (dialect.alternatives && char === '{') {
      depth++;
      source += '(?:';
    } else if (dialect.alternatives && char === '}' && depth > 0) {
      depth--;
      source += ')';
    } else if (depth > 0 && char === ',') source += '|';
    else source += escapeRegExp(char);
  }
  return depth === 0 ? source : undefined;
}

function translateClass(body: string, negation: string): string {
  const negated = body.startsWith(negation);
  const members = (negated ? body.slice(1) : body).replace(/[\]\\^[|]/g, (char) => `\\${char}`);
  return `[${negated ? '^' : ''}${members}]`;
}

/** For use outside of classes, where `-` is an ordinary character that the unicode mode forbids to escape. */
function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, (char) => `\\${char}`);
}
