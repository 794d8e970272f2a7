/** RE2 syntax → a tree. What JavaScript has and RE2 has not (lookaround, back-references) is refused, as upstream does. */

/** A pattern that is no RE2 expression. */
export class RegexSyntaxError extends Error {}

export type Node =
  | { kind: 'set'; has: (char: number) => boolean }
  /** Holds between two characters; -1 stands for the end of the text on that side. */
  | { kind: 'assert'; holds: (before: number, after: number) => boolean }
  | { kind: 'all' | 'any'; items: readonly Node[] }
  | { kind: 'repeat'; item: Node; min: number; max: number; lazy: boolean }
  | { kind: 'capture'; group: number; item: Node };

export interface Parsed {
  readonly node: Node;
  /** How many groups there are, the whole match not counted. */
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
}

interface Flags {
  i: boolean;
  m: boolean;
  s: boolean;
  U: boolean;
}

type Test = (char: number) => boolean;

const REPEAT_MAX = 1000;
const NESTING_MAX = 500;
const NEWLINE = 10;

const inRange =
  (first: string, last: string): Test =>
  (char) =>
    char >= first.charCodeAt(0) && char <= last.charCodeAt(0);
const either =
  (...tests: Test[]): Test =>
  (char) =>
    tests.some((test) => test(char));
const not =
  (test: Test): Test =>
  (char) =>
    !test(char);
const oneOf = (text: string): Test => {
  const codes = new Set([...text].map((char) => char.codePointAt(0)));
  return (char) => codes.has(char);
};

const digit = inRange('0', '9');
const lower = inRange('a', 'z');
const upper = inRange('A', 'Z');
const word = either(digit, lower, upper, oneOf('_'));
const CLASSES: Readonly<Record<string, Test>> = {
  alnum: either(digit, lower, upper),
  alpha: either(lower, upper),
  ascii: (char) => char <= 127,
  blank: oneOf('\t '),
  cntrl: (char) => char < 32 || char === 127,
  digit,
  graph: inRange('!', '~'),
  lower,
  print: inRange(' ', '~'),
  punct: (char) => inRange('!', '~')(char) && !either(digit, lower, upper)(char),
  space: oneOf('\t\n\v\f\r '),
  upper,
  word,
  xdigit: either(digit, inRange('a', 'f'), inRange('A', 'F')),
};
const PERL: Readonly<Record<string, Test>> = { d: digit, w: word, s: oneOf('\t\n\f\r ') };
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** Parses a pattern. Throws RegexSyntaxError. */
export function parseRegex(pattern: string, options: { dotAll: boolean }): Parsed {
  const parser = new Parser(pattern, options.dotAll);
  const node = parser.whole();
  return { node, groups: parser.groups, names: parser.names };
}

class Parser {
  private readonly text: string;
  private at = 0;
  private flags: Flags;
  private depth = 0;
  groups = 0;
  readonly names = new Map<string, number>();

  constructor(text: string, dotAll: boolean) {
    this.text = text;
    this.flags = { i: false, m: false, s: dotAll, U: false };
  }

  whole(): Node {
    const node = this.alternatives();
    if (this.at < this.text.length) throw new RegexSyntaxError('unexpected )');
    return node;
  }

  private alternatives(): Node {
    if (++this.depth > NESTING_MAX) throw new RegexSyntaxError('nested too deeply');
    const items: Node[] = [this.sequence()];
    while (this.take('|')) items.push(this.sequence());
    this.depth--;
    return items.length === 1 ? (items[0] as Node) : { kind: 'any', items };
  }

  private sequence(): Node {
    const items: Node[] = [];
    while (this.at < this.text.length && !'|)'.includes(this.text[this.at] as string)) {
      const atom = this.atom();
      if (Array.isArray(atom)) items.push(...atom);
      else items.push(this.repeated(atom));
    }
    return { kind: 'all', items };
  }

  private repeated(atom: Node): Node {
    const range = this.repetition();
    if (range === undefined) return atom;
    const lazy = this.take('?') !== this.flags.U;
    if (this.repetition() !== undefined) throw new RegexSyntaxError('a repetition of a repetition');
    return { kind: 'repeat', item: atom, ...range, lazy };
  }

  private repetition(): { min: number; max: number } | undefined {
    if (this.take('*')) return { min: 0, max: Infinity };
    if (this.take('+')) return { min: 1, max: Infinity };
    if (this.take('?')) return { min: 0, max: 1 };
    const match = /^\{(\d+)(,?)(\d*)\}/.exec(this.text.slice(this.at, this.at + 16));
    if (match === null) return undefined;
    const min = Number(match[1]);
    const max = match[2] === '' ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (min > REPEAT_MAX || (max !== Infinity && (max > REPEAT_MAX || max < min)))
      throw new RegexSyntaxError(`the repeat count ${match[0]} is not possible`);
    this.at += match[0].length;
    return { min, max };
  }

  /** One atom; a list of nodes when nothing that follows may repeat it. */
  private atom(): Node | Node[] {
    const char = this.next();
    if (char === '(') return this.group();
    if (char === '[') return { kind: 'set', has: this.folded(this.characterClass()) };
    if (char === '.') {
      const { s } = this.flags;
      return { kind: 'set', has: (code) => s || code !== NEWLINE };
    }
    if (char === '^') return this.lineStart();
    if (char === '$') return this.lineEnd();
    if (char === '\\') return this.escape();
    if ('*+?'.includes(char)) throw new RegexSyntaxError(`nothing to repeat before ${char}`);
    return this.literal(char.codePointAt(0) as number);
  }

  private lineStart(): Node {
    const { m } = this.flags;
    return { kind: 'assert', holds: (before) => before < 0 || (m && before === NEWLINE) };
  }

  private lineEnd(): Node {
    const { m } = this.flags;
    return { kind: 'assert', holds: (_, after) => after < 0 || (m && after === NEWLINE) };
  }

  private literal(code: number): Node {
    return { kind: 'set', has: this.folded((char) => char === code) };
  }

  /** With the flag i, a character stands for its other case as well. */
  private folded(test: Test): Test {
    if (!this.flags.i) return test;
    return (code) => {
      const char = String.fromCodePoint(code);
      return test(code) || [char.toLowerCase(), char.toUpperCase()].some((other) => test(other.codePointAt(0) ?? code));
    };
  }

  private group(): Node | Node[] {
    const outer = { ...this.flags };
    const rest = this.text.slice(this.at);
    const named = /^\?P?<([A-Za-z_]\w*)>/.exec(rest);
    const flags = /^\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
    if (flags !== null) {
      this.at += flags[0].length;
      for (const flag of flags[1] ?? '') this.flags[flag as keyof Flags] = true;
      for (const flag of flags[2] ?? '') this.flags[flag as keyof Flags] = false;
      if (flags[3] === ')') return [];
    } else if (named !== null) this.at += named[0].length;
    else if (rest.startsWith('?')) throw new RegexSyntaxError(`"(${rest.slice(0, 3)}" is not RE2`);
    const group = flags === null ? this.newGroup(named?.[1]) : undefined;
    const inner = this.alternatives();
    if (!this.take(')')) throw new RegexSyntaxError('missing )');
    this.flags = outer;
    return group === undefined ? inner : { kind: 'capture', group, item: inner };
  }

  private newGroup(name: string | undefined): number {
    this.groups += 1;
    if (name === undefined) return this.groups;
    if (this.names.has(name)) throw new RegexSyntaxError(`the group ${name} is named twice`);
    this.names.set(name, this.groups);
    return this.groups;
  }

  private escape(): Node | Node[] {
    if (this.take('A')) return { kind: 'assert', holds: (before) => before < 0 };
    if (this.take('z')) return { kind: 'assert', holds: (_, after) => after < 0 };
    const boundary = (before: number, after: number) => (before >= 0 && word(before)) !== (after >= 0 && word(after));
    if (this.take('b')) return { kind: 'assert', holds: boundary };
    if (this.take('B')) return { kind: 'assert', holds: (before, after) => !boundary(before, after) };
    if (this.take('Q')) return this.quoted();
    const test = this.escapedSet();
    return test === undefined ? this.literal(this.escapedCode()) : { kind: 'set', has: this.folded(test) };
  }

  private quoted(): Node[] {
    const end = this.text.indexOf('\\E', this.at);
    const literal = this.text.slice(this.at, end < 0 ? undefined : end);
    this.at = end < 0 ? this.text.length : end + 2;
    return [...literal].map((char) => this.literal(char.codePointAt(0) as number));
  }

  /** What a letter after the backslash stands for, when it is a set of characters. */
  private escapedSet(): Test | undefined {
    const letter = this.text[this.at] ?? '';
    const perl = PERL[letter.toLowerCase()];
    if (perl !== undefined) {
      this.at++;
      return letter === letter.toLowerCase() ? perl : not(perl);
    }
    const property = /^([pP])(?:\{(\^?)(\w+)\}|([A-Z]))/.exec(this.text.slice(this.at, this.at + 40));
    if (property === null) return undefined;
    this.at += property[0].length;
    const test = unicodeProperty(property[3] ?? property[4] ?? '');
    return (property[1] === 'P') !== (property[2] === '^') ? not(test) : test;
  }

  private escapedCode(): number {
    const rest = this.text.slice(this.at);
    const hex = /^x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(rest);
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    if (hex !== null || octal !== null) {
      this.at += (hex ?? octal)?.[0].length ?? 0;
      const code = hex === null ? Number.parseInt(octal?.[0] ?? '0', 8) : Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (code > 0x10ffff) throw new RegexSyntaxError('a character beyond Unicode');
      return code;
    }
    const char = this.next();
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    if (/[0-9A-Za-z]/.test(char)) throw new RegexSyntaxError(`"\\${char}" is not RE2`);
    return char.codePointAt(0) as number;
  }

  private characterClass(): Test {
    const isNegated = this.take('^');
    const tests: Test[] = [];
    for (let first = true; first || !this.take(']'); first = false) {
      if (this.at >= this.text.length) throw new RegexSyntaxError('missing ]');
      tests.push(this.classItem());
    }
    return isNegated ? not(either(...tests)) : either(...tests);
  }

  private classItem(): Test {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.text.slice(this.at, this.at + 16));
    if (posix !== null) {
      const test = Object.hasOwn(CLASSES, posix[2] ?? '') ? CLASSES[posix[2] ?? ''] : undefined;
      if (test === undefined) throw new RegexSyntaxError(`there is no class ${posix[0]}`);
      this.at += posix[0].length;
      return posix[1] === '^' ? not(test) : test;
    }
    if (this.text[this.at] === '\\') {
      this.at++;
      const set = this.escapedSet();
      if (set !== undefined) return set;
      this.at--;
    }
    const low = this.classCode();
    if (this.text[this.at] !== '-' || this.text[this.at + 1] === ']') return (char) => char === low;
    this.at++;
    const high = this.classCode();
    if (high < low) throw new RegexSyntaxError('a range that ends before it begins');
    return (char) => char >= low && char <= high;
  }

  private classCode(): number {
    return this.take('\\') ? this.escapedCode() : (this.next().codePointAt(0) as number);
  }

  private next(): string {
    const code = this.text.codePointAt(this.at);
    if (code === undefined) throw new RegexSyntaxError('the pattern ends too early');
    const char = String.fromCodePoint(code);
    this.at += char.length;
    return char;
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }
}

function unicodeProperty(name: string): Test {
  try {
    const expression = new RegExp(`^\\p{${name.length > 2 ? `Script=${name}` : name}}$`, 'u');
    return (code) => expression.test(String.fromCodePoint(code));
  } catch {
    throw new RegexSyntaxError(`there is no character property ${name}`);
  }
}
