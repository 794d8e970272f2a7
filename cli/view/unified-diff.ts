import { type Line, span } from './lines.ts';

interface Edit {
  mark: ' ' | '-' | '+';
  text: string;
}

const CONTEXT = 3;
/** Beyond this many edits the texts have little in common, and are shown as one taken out and one put in. */
const EDITS_MAX = 4000;

/** `diff -u` of two texts: hunks with three lines of context, without file names. Empty when they are equal. */
export function unifiedDiff(from: string, to: string): Line[] {
  const edits = editsOf(linesOf(from), linesOf(to));
  const changed = edits.flatMap(({ mark }, index) => (mark === ' ' ? [] : [index]));
  if (changed.length === 0) return [];
  return hunksOf(changed, edits.length).flatMap(([first, last]) => hunkLines(edits, first, last));
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function hunksOf(changed: readonly number[], length: number): [first: number, last: number][] {
  const hunks: [number, number][] = [];
  for (const index of changed) {
    const [first, last] = [Math.max(0, index - CONTEXT), Math.min(length - 1, index + CONTEXT)];
    const previous = hunks.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = last;
    else hunks.push([first, last]);
  }
  return hunks;
}

function hunkLines(edits: readonly Edit[], first: number, last: number): Line[] {
  const before = edits.slice(0, first);
  const hunk = edits.slice(first, last + 1);
  const count = (list: readonly Edit[], unless: string) => list.filter(({ mark }) => mark !== unless).length;
  const range = (unless: '-' | '+') => {
    const lines = count(hunk, unless);
    const start = count(before, unless) + (lines === 0 ? 0 : 1);
    return lines === 1 ? `${start}` : `${start},${lines}`;
  };
  return [
    [span(`@@ -${range('+')} +${range('-')} @@`, 'dim')],
    ...hunk.map(
      ({ mark, text }): Line => [span(`${mark}${text}`, mark === '-' ? 'bad' : mark === '+' ? 'ok' : undefined)],
    ),
  ];
}

/** The shortest list of edits (Myers): equal ends first, then the middle. */
function editsOf(from: readonly string[], to: readonly string[]): Edit[] {
  let start = 0;
  while (start < from.length && start < to.length && from[start] === to[start]) start++;
  let end = 0;
  while (end < from.length - start && end < to.length - start && from.at(-1 - end) === to.at(-1 - end)) end++;
  const same = (lines: readonly string[]): Edit[] => lines.map((text) => ({ mark: ' ', text }));
  return [
    ...same(from.slice(0, start)),
    ...middleEdits(from.slice(start, from.length - end), to.slice(start, to.length - end)),
    ...same(from.slice(from.length - end)),
  ];
}

function middleEdits(from: readonly string[], to: readonly string[]): Edit[] {
  const trace = shortestTrace(from, to);
  if (trace === undefined) {
    return [...from.map((text): Edit => ({ mark: '-', text })), ...to.map((text): Edit => ({ mark: '+', text }))];
  }
  const edits: Edit[] = [];
  let [x, y] = [from.length, to.length];
  for (let depth = trace.length - 1; depth >= 0; depth--) {
    const reach = trace[depth] as Map<number, number>;
    const k = x - y;
    const down = k === -depth || (k !== depth && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const previousK = down ? k + 1 : k - 1;
    const previousX = depth === 0 ? 0 : (reach.get(previousK) ?? 0);
    const previousY = previousX - previousK;
    while (x > Math.max(previousX, 0) && y > Math.max(previousY, 0) && from[x - 1] === to[y - 1]) {
      edits.push({ mark: ' ', text: from[--x] as string });
      y--;
    }
    if (depth === 0) break;
    if (down) edits.push({ mark: '+', text: to[--y] as string });
    else edits.push({ mark: '-', text: from[--x] as string });
  }
  return edits.reverse();
}

/** For each number of edits, how far each diagonal had been reached before it. */
function shortestTrace(from: readonly string[], to: readonly string[]): Map<number, number>[] | undefined {
  const reach = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let depth = 0; depth <= Math.min(from.length + to.length, EDITS_MAX); depth++) {
    trace.push(new Map(reach));
    for (let k = -depth; k <= depth; k += 2) {
      const down = k === -depth || (k !== depth && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < from.length && x - k < to.length && from[x] === to[x - k]) x++;
      reach.set(k, x);
      if (x >= from.length && x - k >= to.length) return trace;
    }
  }
  return undefined;
}
