/** Whether a pattern is found: the automaton made deterministic while it runs, so that a character costs one look-up. */
import { MATCH, type Program } from './program.ts';

/** What all threads together know between two characters. */
interface Place {
  /** States to be followed from here; undefined in the place where the pattern has been found. */
  readonly threads: readonly number[];
  /** The character before, as far as assertions can tell. */
  readonly before: number;
  readonly ascii: (Place | undefined)[];
  found: boolean;
  foundAtEnd: boolean | undefined;
}

/** A cache beyond this is begun anew: a pattern has exponentially many places, a text visits few. */
const PLACES_MAX = 1000;
const LETTER = 97;
const NEWLINE = 10;
const OTHER = 32;
const START = -1;

export class Matcher {
  readonly #program: Program;
  #places = new Map<string, Place>();
  /** The step in which a state was last followed. */
  readonly #seen: Int32Array;
  #step = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#seen = new Int32Array(program.states.length);
  }

  test(text: string): boolean {
    let place = this.#place([], START);
    for (let at = 0; at < text.length; ) {
      const char = text.codePointAt(at) as number;
      let next = char < 128 ? place.ascii[char] : undefined;
      if (next === undefined) {
        next = this.#advance(place, char);
        if (char < 128) place.ascii[char] = next;
      }
      if (next.found) return true;
      if (next.threads.length === 0 && this.#program.anchored) return false;
      place = next;
      at += char > 0xffff ? 2 : 1;
    }
    place.foundAtEnd ??= this.#reach(place, START) === undefined;
    return place.foundAtEnd;
  }

  #advance(place: Place, char: number): Place {
    const reached = this.#reach(place, char);
    if (reached === undefined) return { threads: [], before: OTHER, ascii: [], found: true, foundAtEnd: true };
    const { states } = this.#program;
    const threads = new Set<number>();
    for (const index of reached) {
      const state = states[index];
      if (state?.has?.(char) === true) for (const next of state.next) threads.add(next);
    }
    return this.#place(
      [...threads].sort((a, b) => a - b),
      categoryOf(char),
    );
  }

  #place(threads: readonly number[], before: number): Place {
    const key = `${before} ${threads.join(',')}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      if (this.#places.size >= PLACES_MAX) this.#places = new Map();
      place = { threads, before, ascii: [], found: false, foundAtEnd: undefined };
      this.#places.set(key, place);
    }
    return place;
  }

  /** The states that wait for a character, after everything that consumes nothing; undefined when the pattern has matched. */
  #reach(place: Place, after: number): number[] | undefined {
    const { states, start } = this.#program;
    const seen = this.#seen;
    this.#step += 1;
    const reached: number[] = [];
    const open = [...place.threads, start];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (index === MATCH) return undefined;
      if (seen[index] === this.#step) continue;
      seen[index] = this.#step;
      const state = states[index];
      if (state === undefined) continue;
      if (state.has !== undefined) reached.push(index);
      else if (state.holds === undefined || state.holds(place.before, after)) open.push(...state.next);
    }
    return reached;
  }
}

/** Assertions tell apart the edge of the text, newlines and letters of words; one character stands for each. */
function categoryOf(char: number): number {
  if (char === NEWLINE) return NEWLINE;
  return /\w/.test(String.fromCodePoint(char)) ? LETTER : OTHER;
}
