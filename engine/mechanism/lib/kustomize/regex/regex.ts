/** RE2 patterns in linear time: no pattern and no text can make a build hang. */
import { type Node, parseRegex, RegexSyntaxError } from './syntax.ts';

export { RegexSyntaxError } from './syntax.ts';

export interface Regex {
  /** True when the pattern is found anywhere in the text. Time: pattern length × text length. */
  test(text: string): boolean;
}

/** Longer programs are refused, as RE2 refuses them: `(a{1000}){1000}` is a million states. */
const STATES_MAX = 10_000;
const MATCH = 0;

interface State {
  /** Consumes one character; undefined for the others. */
  has?: (char: number) => boolean;
  /** Passed when it holds. */
  holds?: (before: number, after: number) => boolean;
  next: readonly number[];
}

/** Compiles an RE2 pattern. Throws RegexSyntaxError. */
export function compileRegex(pattern: string): Regex {
  const states: State[] = [{ next: [] }];
  const start = new Compiler(states).build(parseRegex(pattern), MATCH);
  return { test: (text) => search(states, start, text) };
}

class Compiler {
  private readonly states: State[];

  constructor(states: State[]) {
    this.states = states;
  }

  /** The state from which `node` and then `next` are matched. */
  build(node: Node, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.add({ has: node.has, next: [next] });
      case 'assert':
        return this.add({ holds: node.holds, next: [next] });
      case 'all':
        return node.items.reduceRight((after, item) => this.build(item, after), next);
      case 'any':
        return this.add({ next: node.items.map((item) => this.build(item, next)) });
      case 'repeat':
        return this.repeat(node.item, node.min, node.max, next);
    }
  }

  private repeat(item: Node, min: number, max: number, next: number): number {
    let entry = next;
    if (max === Infinity) {
      const loop = { next: [next] };
      entry = this.add(loop);
      loop.next = [this.build(item, entry), next];
    } else for (let count = min; count < max; count++) entry = this.add({ next: [this.build(item, entry), next] });
    for (let count = 0; count < min; count++) entry = this.build(item, entry);
    return entry;
  }

  private add(state: State): number {
    if (this.states.length >= STATES_MAX) throw new RegexSyntaxError('the pattern is too large');
    return this.states.push(state) - 1;
  }
}

/** All states that can be reached at once are followed together, so that nothing is tried twice. */
function search(states: readonly State[], start: number, text: string): boolean {
  const seen = new Int32Array(states.length).fill(-1);
  let current: number[] = [];
  let before = -1;
  for (let at = 0, step = 0; ; step++) {
    const char = text.codePointAt(at) ?? -1;
    const reached: number[] = [];
    for (const state of [...current, start]) if (reach(states, state, before, char, seen, step, reached)) return true;
    if (char < 0) return false;
    current = [];
    for (const index of reached) {
      const state = states[index] as State;
      if (state.has?.(char)) current.push(...state.next);
    }
    at += char > 0xffff ? 2 : 1;
    before = char;
  }
}

/** Follows everything that consumes nothing; the states that wait for a character go to `reached`. True: matched. */
function reach(
  states: readonly State[],
  from: number,
  before: number,
  after: number,
  seen: Int32Array,
  step: number,
  reached: number[],
): boolean {
  const open = [from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (index === MATCH) return true;
    if (seen[index] === step) continue;
    seen[index] = step;
    const state = states[index] as State;
    if (state.has !== undefined) reached.push(index);
    else if (state.holds === undefined || state.holds(before, after)) open.push(...state.next);
  }
  return false;
}
