/**
 * gobwas globs, the dialect of Argo CD's projects and policies (argo-cd.md §11.1), matched in time proportional to pattern
 * times text: patterns come from whoever may write a policy, so none may make the engine hang.
 */

export type Matcher = (text: string) => boolean;

type Token =
  | { token: 'character'; value: string }
  | { token: 'one' }
  /** `*` stops at separators, `**` does not. */
  | { token: 'any'; crosses: boolean }
  | { token: 'list'; values: ReadonlySet<string>; negated: boolean }
  | { token: 'range'; low: number; high: number; negated: boolean }
  | { token: 'alternatives'; branches: Token[][] };

/** One step of the automaton; `next` lists the states reached after it, `skip` those reached without reading. */
interface State {
  accepts?: (character: string) => boolean;
  next: number[];
  skip: number[];
}

/** Longer patterns are no patterns anybody writes; they match nothing. */
const PATTERN_MAX = 4096;
const NESTING_MAX = 32;
const NEVER: Matcher = () => false;

const COMPILED = new Map<string, Matcher>();
const COMPILED_MAX = 10_000;

/**
 * `*`, `**`, `?`, `[abc]`, `[!abc]`, `[a-z]`, `{a,b}` and `\` escapes. With separators `*` and `?` stop at them. Never throws: a
 * pattern that does not compile matches nothing, as upstream has it (with a log line); `isGlob` tells which do not.
 */
export function compileGlob(pattern: string, separators = ''): Matcher {
  const id = `${separators}\n${pattern}`;
  const known = COMPILED.get(id);
  if (known !== undefined) return known;
  const tokens = parseGlob(pattern);
  const matcher = tokens === undefined ? NEVER : matcherOf(tokens, separators);
  if (COMPILED.size >= COMPILED_MAX) COMPILED.clear();
  COMPILED.set(id, matcher);
  return matcher;
}

/** Whether a pattern compiles at all. */
export function isGlob(pattern: string): boolean {
  return parseGlob(pattern) !== undefined;
}

function parseGlob(pattern: string): Token[] | undefined {
  if (pattern.length > PATTERN_MAX) return undefined;
  const parser = new GlobParser([...pattern]);
  return parser.parse();
}

class GlobParser {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(characters: readonly string[]) {
    this.#characters = characters;
  }

  parse(): Token[] | undefined {
    return this.#sequence(0);
  }

  /** A run of tokens up to the end, or inside of braces up to `,` or `}`. Undefined: malformed. */
  #sequence(depth: number): Token[] | undefined {
    const tokens: Token[] = [];
    for (;;) {
      const character = this.#characters[this.#at];
      if (character === undefined) return tokens;
      if (depth > 0 && (character === ',' || character === '}')) return tokens;
      this.#at++;
      const token = this.#token(character, depth);
      if (token === undefined) return undefined;
      if (token !== 'nothing') tokens.push(token);
    }
  }

  #token(character: string, depth: number): Token | 'nothing' | undefined {
    switch (character) {
      case '*':
        if (this.#characters[this.#at] !== '*') return { token: 'any', crosses: false };
        this.#at++;
        return { token: 'any', crosses: true };
      case '?':
        return { token: 'one' };
      case '[':
        return this.#class();
      case '{':
        return this.#alternatives(depth + 1);
      case '\\': {
        const escaped = this.#characters[this.#at++];
        return escaped === undefined ? 'nothing' : { token: 'character', value: escaped };
      }
      default:
        return { token: 'character', value: character };
    }
  }

  /** After `{`. One that is never closed ends with the pattern. */
  #alternatives(depth: number): Token | undefined {
    if (depth > NESTING_MAX) return undefined;
    const branches: Token[][] = [];
    for (;;) {
      const branch = this.#sequence(depth);
      if (branch === undefined) return undefined;
      branches.push(branch);
      const end = this.#characters[this.#at++];
      if (end !== ',') return { token: 'alternatives', branches };
    }
  }

  /** After `[`: one range, or a list of characters; a mixture of both is malformed. */
  #class(): Token | undefined {
    const negated = this.#characters[this.#at] === '!';
    if (negated) this.#at++;
    const [low, between] = [this.#characters[this.#at], this.#characters[this.#at + 1]];
    if (low !== undefined && between === '-') {
      const [high, close] = [this.#characters[this.#at + 2], this.#characters[this.#at + 3]];
      this.#at += 4;
      if (high === undefined || close !== ']') return undefined;
      const [from, to] = [low.codePointAt(0) as number, high.codePointAt(0) as number];
      return to < from ? undefined : { token: 'range', low: from, high: to, negated };
    }
    const values = new Set<string>();
    for (;;) {
      let character = this.#characters[this.#at++];
      if (character === ']') break;
      if (character === '\\') character = this.#characters[this.#at++];
      if (character === undefined) return undefined;
      values.add(character);
    }
    return values.size === 0 ? undefined : { token: 'list', values, negated };
  }
}

function matcherOf(tokens: readonly Token[], separators: string): Matcher {
  const literal = tokens.every((token) => token.token === 'character')
    ? tokens.map((token) => (token as { value: string }).value).join('')
    : undefined;
  if (literal !== undefined) return (text) => text === literal;
  if (separators === '' && tokens.every(({ token }) => token !== 'alternatives')) return starMatcher(tokens);
  const states: State[] = [];
  const end = push(states, {});
  const start = build(states, tokens, end, separators);
  return (text) => runs(states, start, end, text);
}

/**
 * Without separators and alternatives, going back to the last star is enough: what an earlier one could take, the last can take
 * too. Most patterns are such, and this is several times quicker than the automaton.
 */
function starMatcher(tokens: readonly Token[]): Matcher {
  const tests = tokens.map(characterTest);
  return (text) => {
    const characters = [...text];
    let at = 0;
    let star = -1;
    let retry = 0;
    let token = 0;
    while (at < characters.length) {
      const test = tests[token];
      if (token < tests.length && test === 'any') {
        star = token++;
        retry = at;
      } else if (typeof test === 'function' && test(characters[at] as string)) {
        token++;
        at++;
      } else if (star >= 0) {
        token = star + 1;
        at = ++retry;
      } else return false;
    }
    while (tests[token] === 'any') token++;
    return token === tests.length;
  };
}

function characterTest(token: Token): 'any' | ((character: string) => boolean) {
  switch (token.token) {
    case 'character':
      return (character) => character === token.value;
    case 'list':
      return (character) => token.values.has(character) !== token.negated;
    case 'range':
      return (character) => isWithin(token, character) !== token.negated;
    case 'any':
      return 'any';
    default:
      return () => true;
  }
}

function isWithin({ low, high }: { low: number; high: number }, character: string): boolean {
  const code = character.codePointAt(0) as number;
  return low <= code && code <= high;
}

function push(states: State[], state: Partial<State>): number {
  states.push({ next: [], skip: [], ...state });
  return states.length - 1;
}

/** Adds the states of a sequence that goes on at `then`; returns where it starts. */
function build(states: State[], tokens: readonly Token[], then: number, separators: string): number {
  return tokens.reduceRight((after, token) => buildOne(states, token, after, separators), then);
}

function buildOne(states: State[], token: Token, then: number, separators: string): number {
  const isOrdinary = (character: string) => !separators.includes(character);
  switch (token.token) {
    case 'character':
      return push(states, { accepts: (character) => character === token.value, next: [then] });
    case 'one':
      return push(states, { accepts: isOrdinary, next: [then] });
    case 'list':
      return push(states, { accepts: (character) => token.values.has(character) !== token.negated, next: [then] });
    case 'range':
      return push(states, { accepts: (character) => isWithin(token, character) !== token.negated, next: [then] });
    case 'any': {
      const state = push(states, { skip: [then] });
      (states[state] as State).accepts = token.crosses ? () => true : isOrdinary;
      (states[state] as State).next.push(state);
      return state;
    }
    case 'alternatives': {
      const skip = token.branches.map((branch) => build(states, branch, then, separators));
      return push(states, { skip });
    }
  }
}

/** All states that are possible after each character, at once. */
function runs(states: readonly State[], start: number, end: number, text: string): boolean {
  let current = closure(states, [start]);
  for (const character of text) {
    const reached: number[] = [];
    for (const index of current) {
      const state = states[index] as State;
      if (state.accepts?.(character) === true) reached.push(...state.next);
    }
    if (reached.length === 0) return false;
    current = closure(states, reached);
  }
  return current.has(end);
}

function closure(states: readonly State[], from: readonly number[]): Set<number> {
  const found = new Set<number>(from);
  for (const index of found) for (const next of (states[index] as State).skip) found.add(next);
  return found;
}
