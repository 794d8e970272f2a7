/** A piece of running text. */
export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'break' }
  | { kind: 'em' | 'strong' | 'del'; children: Inline[] }
  | { kind: 'link'; href: string; children: Inline[] }
  | { kind: 'image'; src: string; alt: string };

const DEPTH_MAX = 16;
const ESCAPABLE = /[!-/:-@[-`{-~]/;

/** Where a link may lead: http, https, mailto, or a path of our own. Everything else, such as `javascript:`, is no link. */
export function isSafeLink(href: string): boolean {
  return /^(https?:\/\/|mailto:|\/(?![/\\])|#)/i.test(href) && !hasSpaceOrControl(href);
}

function hasSpaceOrControl(text: string): boolean {
  return [...text].some((character) => character <= ' ' || character === '\u007f');
}

/**
 * Reads emphasis, code, links and images; markup that is not complete, and HTML, stay the text they are. Takes time in
 * proportion to the length: a closing mark that has been missed once is not looked for again.
 */
export function parseInline(text: string, depth = 0): Inline[] {
  const out: Inline[] = [];
  const missed = new Set<string>();
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const found = depth < DEPTH_MAX ? readMark(text, at, depth, missed) : undefined;
    if (found === undefined) {
      plain += text[at];
      at += 1;
      continue;
    }
    if (plain !== '') out.push({ kind: 'text', text: plain });
    plain = '';
    if (found.node.kind === 'text') plain = found.node.text;
    else out.push(found.node);
    at = found.end;
  }
  if (plain !== '') out.push({ kind: 'text', text: plain });
  return out;
}

interface Found {
  node: Inline;
  /** Where the text goes on. */
  end: number;
}

function readMark(text: string, at: number, depth: number, missed: Set<string>): Found | undefined {
  switch (text[at]) {
    case '\\':
      return readEscape(text, at);
    case ' ':
      return text.startsWith('  \n', at) ? { node: { kind: 'break' }, end: at + 3 } : undefined;
    case '`':
      return readCode(text, at, missed);
    case '<':
      return readAutolink(text, at, missed);
    case '!':
    case '[':
      return readLink(text, at, depth, missed);
    case '*':
    case '_':
    case '~':
      return readEmphasis(text, at, depth, missed);
    default:
      return undefined;
  }
}

function readEscape(text: string, at: number): Found | undefined {
  const next = text[at + 1];
  if (next === '\n') return { node: { kind: 'break' }, end: at + 2 };
  return next !== undefined && ESCAPABLE.test(next) ? { node: { kind: 'text', text: next }, end: at + 2 } : undefined;
}

/** `indexOf` that gives up for good on what is not there. */
function find(text: string, mark: string, from: number, missed: Set<string>): number {
  if (missed.has(mark)) return -1;
  const index = text.indexOf(mark, from);
  if (index === -1) missed.add(mark);
  return index;
}

function readCode(text: string, at: number, missed: Set<string>): Found | undefined {
  let length = 1;
  while (text[at + length] === '`') length += 1;
  const mark = '`'.repeat(length);
  const close = find(text, mark, at + length, missed);
  if (close === -1) return { node: { kind: 'text', text: mark }, end: at + length };
  const code = text.slice(at + length, close).replaceAll('\n', ' ');
  const padded = code.startsWith(' ') && code.endsWith(' ') && code.trim() !== '';
  return { node: { kind: 'code', text: padded ? code.slice(1, -1) : code }, end: close + length };
}

function readAutolink(text: string, at: number, missed: Set<string>): Found | undefined {
  const close = find(text, '>', at, missed);
  const href = text.slice(at + 1, close);
  if (close === -1 || !/^(https?:\/\/|mailto:)/i.test(href) || !isSafeLink(href)) return undefined;
  return { node: { kind: 'link', href, children: [{ kind: 'text', text: href }] }, end: close + 1 };
}

/** `[text](target "title")` and `![alt](source)`; the title is not shown. */
function readLink(text: string, at: number, depth: number, missed: Set<string>): Found | undefined {
  const image = text[at] === '!';
  const open = image ? at + 1 : at;
  if (text[open] !== '[') return undefined;
  const middle = find(text, '](', open, missed);
  const close = middle === -1 ? -1 : find(text, ')', middle, missed);
  if (close === -1) return undefined;
  const label = text.slice(open + 1, middle);
  if (label.includes('[') && !image) return undefined;
  const target = (
    text
      .slice(middle + 2, close)
      .trim()
      .split(/\s/, 1)[0] ?? ''
  ).replace(/^<|>$/g, '');
  if (image)
    return /^https:\/\//i.test(target)
      ? { node: { kind: 'image', src: target, alt: label }, end: close + 1 }
      : undefined;
  if (!isSafeLink(target)) return undefined;
  return { node: { kind: 'link', href: target, children: parseInline(label, depth + 1) }, end: close + 1 };
}

const EMPHASIS = { '**': 'strong', __: 'strong', '~~': 'del', '*': 'em', _: 'em' } as const;

function readEmphasis(text: string, at: number, depth: number, missed: Set<string>): Found | undefined {
  const one = text[at] as string;
  const two = one + one;
  const mark = text.startsWith(two, at) ? two : one;
  if (!(mark in EMPHASIS)) return undefined;
  const inside = at + mark.length;
  if (/^\s?$/.test(text[inside] ?? '') || (one === '_' && /\w/.test(text[at - 1] ?? '')))
    return plainMark(mark, inside);
  const close = findClose(text, mark, inside, missed);
  if (close === -1) return plainMark(mark, inside);
  const children = parseInline(text.slice(inside, close), depth + 1);
  return { node: { kind: EMPHASIS[mark as keyof typeof EMPHASIS], children }, end: close + mark.length };
}

const plainMark = (mark: string, end: number): Found => ({ node: { kind: 'text', text: mark }, end });

/** A closing mark stands directly after a word, and a single one is not half of a double one. */
function findClose(text: string, mark: string, from: number, missed: Set<string>): number {
  for (let close = find(text, mark, from, missed); close !== -1; close = find(text, mark, close, missed)) {
    const run = runLength(text, close);
    const fits = mark.length === 2 ? run >= 2 : run !== 2;
    const end = mark.length === 2 ? close + run - 2 : close;
    const inWord = mark[0] === '_' && /\w/.test(text[close + run] ?? '');
    if (fits && !inWord && close > from && !/\s/.test(text[close - 1] ?? ' ')) return end;
    close += run;
  }
  missed.add(mark);
  return -1;
}

function runLength(text: string, at: number): number {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return end - at;
}
