/** A pattern's tree → the states of a nondeterministic automaton. */
import { type Node, RegexSyntaxError } from './syntax.ts';

/** Longer programs are refused, as RE2 refuses them: `(a{1000}){1000}` is a million states. */
const STATES_MAX = 10_000;
export const MATCH = 0;

export interface State {
  /** Consumes one character; undefined for the others. */
  has?: (char: number) => boolean;
  /** Passed when it holds. */
  holds?: (before: number, after: number) => boolean;
  /** Remembers the place in the text; twice the group's number, plus one at its end. */
  slot?: number;
  /** In order of preference. */
  next: readonly number[];
}

export interface Program {
  readonly states: readonly State[];
  readonly start: number;
  readonly anchored: boolean;
}

/** The automaton of a tree; state MATCH is reached when the pattern has matched. Throws RegexSyntaxError. */
export function compileProgram(node: Node, anchored: boolean): Program {
  const states: State[] = [{ next: [] }];
  const compiler = new Compiler(states);
  const whole: Node = { kind: 'capture', group: 0, item: node };
  const items: Node[] = anchored
    ? [{ kind: 'assert', holds: atStart }, whole, { kind: 'assert', holds: atEnd }]
    : [whole];
  return { states, start: compiler.build({ kind: 'all', items }, MATCH), anchored };
}

const atStart = (before: number) => before < 0;
const atEnd = (_: number, after: number) => after < 0;

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
      case 'capture': {
        const end = this.add({ slot: 2 * node.group + 1, next: [next] });
        return this.add({ slot: 2 * node.group, next: [this.build(node.item, end)] });
      }
      case 'repeat':
        return this.repeat(node, next);
    }
  }

  private repeat({ item, min, max, lazy }: Extract<Node, { kind: 'repeat' }>, next: number): number {
    const ordered = (more: number, enough: number) => (lazy ? [enough, more] : [more, enough]);
    let entry = next;
    if (max === Infinity) {
      const loop = { next: [next] };
      entry = this.add(loop);
      loop.next = ordered(this.build(item, entry), next);
    } else {
      for (let count = min; count < max; count++) entry = this.add({ next: ordered(this.build(item, entry), next) });
    }
    for (let count = 0; count < min; count++) entry = this.build(item, entry);
    return entry;
  }

  private add(state: State): number {
    if (this.states.length >= STATES_MAX) throw new RegexSyntaxError('the pattern is too large');
    return this.states.push(state) - 1;
  }
}
