/** Where a pattern matches and what its groups hold: all threads side by side, in order of preference. */
import { MATCH, type Program } from './program.ts';

interface Thread {
  readonly state: number;
  readonly slots: readonly number[];
}

/** Start and end of each group in the text (-1: took no part), or undefined when nothing matches. */
export function captureOf(program: Program, slotCount: number, text: string, from = 0): readonly number[] | undefined {
  const { states, start } = program;
  const seen = new Int32Array(states.length).fill(-1);
  const empty = new Array<number>(slotCount).fill(-1);
  let current: Thread[] = [];
  let best: readonly number[] | undefined;
  let before = from === 0 ? -1 : (text.codePointAt(lowSurrogate(text, from - 1) ? from - 2 : from - 1) ?? -1);
  for (let at = from, step = 0; ; step++) {
    const char = text.codePointAt(at) ?? -1;
    // A match found earlier begins further left than one that would begin here.
    const threads = best === undefined ? [...current, { state: start, slots: empty }] : current;
    const reached: Thread[] = [];
    for (const thread of threads) {
      const matched = follow(program, thread, { before, after: char, at, step }, seen, reached);
      if (matched === undefined) continue;
      best = matched;
      break;
    }
    if (char < 0) return best;
    current = advance(program, reached, char);
    if (current.length === 0 && best !== undefined) return best;
    at += char > 0xffff ? 2 : 1;
    before = char;
  }
}

function lowSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff;
}

interface Place {
  before: number;
  after: number;
  at: number;
  step: number;
}

/** Follows everything that consumes nothing, preferred ways first; the slots when that ends in a match. */
function follow(
  { states }: Program,
  from: Thread,
  { before, after, at, step }: Place,
  seen: Int32Array,
  reached: Thread[],
): readonly number[] | undefined {
  const open = [from];
  for (let thread = open.pop(); thread !== undefined; thread = open.pop()) {
    if (thread.state === MATCH) return thread.slots;
    const state = states[thread.state];
    if (state === undefined || seen[thread.state] === step) continue;
    seen[thread.state] = step;
    if (state.has !== undefined) {
      reached.push(thread);
      continue;
    }
    if (state.holds !== undefined && !state.holds(before, after)) continue;
    const { slots } = thread;
    const kept = state.slot === undefined ? slots : slots.with(state.slot, at);
    for (let i = state.next.length - 1; i >= 0; i--) open.push({ state: state.next[i] ?? MATCH, slots: kept });
  }
  return undefined;
}

function advance({ states }: Program, reached: readonly Thread[], char: number): Thread[] {
  return reached.flatMap(({ state, slots }) => {
    const { has, next = [] } = states[state] ?? {};
    return has?.(char) === true ? next.map((after) => ({ state: after, slots })) : [];
  });
}
