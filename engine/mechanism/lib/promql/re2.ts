/** RE2 patterns as PromQL uses them, on JavaScript's engine (spec promql §2). */

/** A pattern that is no RE2 expression. */
export class RegexError extends Error {
  constructor(pattern: string, problem: string) {
    super(`invalid regular expression "${pattern}": ${problem}`);
    this.name = 'RegexError';
  }
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** Compiles a pattern that must match the whole text, `.` matching newlines too. */
export function compileAnchored(pattern: string): RegExp {
  return compileRe2(pattern, { anchored: true, dotAll: true });
}

/**
 * Compiles an RE2 pattern.
 *
 * @throws RegexError for what RE2 does not have (lookaround, back-references) and for flags that cannot be translated.
 */
export function compileRe2(pattern: string, options: { anchored: boolean; dotAll: boolean }): RegExp {
  const flags = /^\(\?([a-zA-Z]+)\)/.exec(pattern);
  const body = translate(pattern, flags === null ? 0 : flags[0].length);
  let jsFlags = `u${options.dotAll ? 's' : ''}`;
  for (const flag of flags?.[1] ?? '') {
    if (!'ims'.includes(flag)) throw new RegexError(pattern, `flag "${flag}" is not supported`);
    if (!jsFlags.includes(flag)) jsFlags += flag;
  }
  try {
    return new RegExp(options.anchored ? `^(?:${body})$` : body, jsFlags);
  } catch (error) {
    throw new RegexError(pattern, error instanceof Error ? error.message : String(error));
  }
}

function translate(pattern: string, start: number): string {
  let out = '';
  let inClass = false;
  for (let i = start; i < pattern.length; i += 1) {
    const char = pattern[i]!;
    if (char === '\\') {
      const [text, used] = translateEscape(pattern, i, inClass);
      out += text;
      i += used - 1;
    } else if (inClass) {
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(pattern.slice(i, i + 12));
      if (posix !== null) {
        out += posixClass(pattern, posix[1] === '^', posix[2]!);
        i += posix[0].length - 1;
      } else if (char === ']') {
        inClass = false;
        out += ']';
      } else out += classChar(pattern, i);
    } else if (char === '[') {
      inClass = true;
      out += '[';
      if (pattern[i + 1] === '^') {
        out += '^';
        i += 1;
      }
      if (pattern[i + 1] === ']') {
        out += '\\]';
        i += 1;
      }
    } else if (char === '(' && pattern[i + 1] === '?') {
      const [text, used] = translateGroup(pattern, i);
      out += text;
      i += used - 1;
    } else out += isLiteralBrace(pattern, i) ? `\\${char}` : char;
  }
  return out;
}

/** `(?P<name>` and `(?:`, `(?i:` are kept; lookaround and anything else after `(?` is refused. */
function translateGroup(pattern: string, at: number): [text: string, used: number] {
  const rest = pattern.slice(at);
  const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
  if (named !== null) return [`(?<${named[1]}>`, named[0].length];
  const plain = /^\(\?([ims]*(?:-[ims]+)?):/.exec(rest);
  if (plain !== null) return [plain[0], plain[0].length];
  throw new RegexError(
    pattern,
    `"${rest.slice(0, 4)}" is not RE2 (no lookaround; flags only at the start or as "(?i:…)")`,
  );
}

const KEPT_ESCAPES = 'dDwWsSbBnrtfv^$.*+?()[]{}|\\/';

function translateEscape(pattern: string, at: number, inClass: boolean): [text: string, used: number] {
  const next = pattern[at + 1];
  if (next === undefined) throw new RegexError(pattern, 'trailing backslash');
  if (next === 'A' && !inClass) return ['^', 2];
  if (next === 'z' && !inClass) return ['$', 2];
  if (next === 'a') return ['\\x07', 2];
  if (next === 'Q') {
    const end = pattern.indexOf('\\E', at + 2);
    const literal = pattern.slice(at + 2, end < 0 ? undefined : end);
    return [literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), (end < 0 ? pattern.length : end + 2) - at];
  }
  const hex = /^\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/.exec(pattern.slice(at));
  if (hex !== null) return [`\\u{${hex[1] ?? hex[2]}}`, hex[0].length];
  const property = /^\\([pP])(?:\{(\^?)(\w+)\}|([A-Z]))/.exec(pattern.slice(at));
  if (property !== null) return [unicodeProperty(property), property[0].length];
  if (KEPT_ESCAPES.includes(next)) return [`\\${next}`, 2];
  if (next === '-') return [inClass ? '\\-' : '-', 2];
  if (/[0-9a-zA-Z]/.test(next)) throw new RegexError(pattern, `"\\${next}" is not RE2 (no back-references)`);
  return [next, 2];
}

function unicodeProperty(match: RegExpExecArray): string {
  const negated = (match[1] === 'P') !== (match[2] === '^');
  const name = match[3] ?? match[4] ?? '';
  return `\\${negated ? 'P' : 'p'}{${name.length > 2 ? `Script=${name}` : name}}`;
}

function posixClass(pattern: string, negated: boolean, name: string): string {
  const members = CLASSES[name];
  if (members === undefined || negated)
    throw new RegexError(pattern, `character class "[:${negated ? '^' : ''}${name}:]" is not supported`);
  return members;
}

/** Characters that JavaScript's unicode mode wants escaped inside a class and RE2 does not. */
function classChar(pattern: string, at: number): string {
  const char = pattern[at]!;
  return char === '[' || (char === '-' && pattern[at + 1] !== ']' && /[\\]/.test(pattern[at - 1] ?? ''))
    ? `\\${char}`
    : char;
}

/** RE2 takes a brace that is no repetition as a literal. */
function isLiteralBrace(pattern: string, at: number): boolean {
  if (pattern[at] === '{') return !/^\{\d+(,\d*)?\}/.test(pattern.slice(at));
  if (pattern[at] === '}') return !/(?<!\\)\{\d+(,\d*)?$/.test(pattern.slice(0, at));
  return pattern[at] === ']';
}
