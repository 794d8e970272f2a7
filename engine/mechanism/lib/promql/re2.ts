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
  const body = new Translator(pattern).translate();
  try {
    return new RegExp(options.anchored ? `^(?:${body})$` : body, `u${options.dotAll ? 's' : ''}`);
  } catch (error) {
    throw new RegexError(pattern, error instanceof Error ? error.message : String(error));
  }
}

/** Rewrites what RE2 writes otherwise than JavaScript's unicode mode. */
class Translator {
  readonly #pattern: string;
  #out = '';
  #position = 0;
  /** Per open group: the flag groups `(?i:` opened inside it, which end with the group or the alternative. */
  readonly #flags: string[][] = [[]];

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  translate(): string {
    while (this.#position < this.#pattern.length) this.#next();
    return this.#out + ')'.repeat(this.#flags[0]!.length);
  }

  #next(): void {
    const pattern = this.#pattern;
    const char = pattern[this.#position]!;
    const open = this.#flags.at(-1)!;
    if (char === '\\') this.#take(translateEscape(pattern, this.#position, false));
    else if (char === '[') this.#class();
    else if (char === '(') this.#group();
    else if (char === ')') {
      this.#take([`${')'.repeat(open.length)})`, 1]);
      if (this.#flags.length > 1) this.#flags.pop();
    } else if (char === '|') this.#take([`${')'.repeat(open.length)}|${open.join('')}`, 1]);
    else this.#take([isLiteralBrace(pattern, this.#position) ? `\\${char}` : char, 1]);
  }

  #take([text, used]: readonly [text: string, used: number]): void {
    this.#out += text;
    this.#position += used;
  }

  /** Named and flag groups are rewritten; lookaround and anything else after `(?` is refused. */
  #group(): void {
    const rest = this.#pattern.slice(this.#position);
    const flags = /^\(\?([ims]*(?:-[ims]+)?)\)/.exec(rest);
    if (flags !== null) {
      this.#flags.at(-1)!.push(`(?${flags[1]}:`);
      this.#take([`(?${flags[1]}:`, flags[0].length]);
      return;
    }
    const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
    const plain = /^\((?:\?[ims]*(?:-[ims]+)?:|(?!\?))/.exec(rest);
    if (named === null && plain === null)
      throw new RegexError(
        this.#pattern,
        `"${rest.slice(0, 4)}" is not RE2 (it has no lookaround; flags are i, m and s)`,
      );
    this.#flags.push([]);
    this.#take(named === null ? [plain![0], plain![0].length] : [`(?<${named[1]}>`, named[0].length]);
  }

  #class(): void {
    const pattern = this.#pattern;
    const start = /^\[\^?\]?/.exec(pattern.slice(this.#position))![0];
    this.#take([start.replace(']', '\\]'), start.length]);
    for (let char = pattern[this.#position]; char !== ']'; char = pattern[this.#position]) {
      if (char === undefined) throw new RegexError(pattern, 'missing closing ]');
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(pattern.slice(this.#position, this.#position + 12));
      if (char === '\\') this.#take(translateEscape(pattern, this.#position, true));
      else if (posix !== null) this.#take([posixClass(pattern, posix[1] === '^', posix[2]!), posix[0].length]);
      else this.#take([char === '[' ? '\\[' : char, 1]);
    }
    this.#take([']', 1]);
  }
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

/** RE2 takes a brace that is no repetition as a literal. */
function isLiteralBrace(pattern: string, at: number): boolean {
  if (pattern[at] === '{') return !/^\{\d+(,\d*)?\}/.test(pattern.slice(at));
  if (pattern[at] === '}') return !/(?<!\\)\{\d+(,\d*)?$/.test(pattern.slice(0, at));
  return pattern[at] === ']';
}
