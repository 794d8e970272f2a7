import { type Inline, parseInline } from './inline.ts';

/** A paragraph-like part of a text. */
export type Block =
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'heading'; level: number; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'rule' }
  | { kind: 'quote'; children: Block[] }
  | { kind: 'list'; start: number | undefined; items: Block[][] };

const DEPTH_MAX = 8;
const BULLET = /^( {0,3})(?:[-+*]|(\d{1,9})[.)])(?: +|$)/;
const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const QUOTE = /^ {0,3}> ?/;

/**
 * Reads the part of Markdown that articles use: headings, paragraphs, fenced code, quotes, lists, rules, and what
 * `parseInline` knows. There is no HTML in it: a tag is text. The result is data; nothing in it can run.
 */
export function parseMarkdown(text: string, depth = 0): Block[] {
  return readBlocks(text.replaceAll('\r\n', '\n').replaceAll('\t', '    ').split('\n'), depth);
}

interface Cursor {
  readonly lines: readonly string[];
  at: number;
}

function readBlocks(lines: readonly string[], depth: number): Block[] {
  const blocks: Block[] = [];
  const cursor: Cursor = { lines, at: 0 };
  while (cursor.at < lines.length) {
    if (lines[cursor.at]?.trim() === '') cursor.at += 1;
    else blocks.push(readBlock(cursor, depth));
  }
  return blocks;
}

function readBlock(cursor: Cursor, depth: number): Block {
  const line = cursor.lines[cursor.at] ?? '';
  const heading = HEADING.exec(line);
  if (heading !== null) return readHeading(cursor, heading);
  if (RULE.test(line)) {
    cursor.at += 1;
    return { kind: 'rule' };
  }
  if (FENCE.test(line)) return readFence(cursor);
  if (depth < DEPTH_MAX && QUOTE.test(line)) return readQuote(cursor, depth);
  if (depth < DEPTH_MAX && BULLET.test(line)) return readList(cursor, depth);
  return readParagraph(cursor);
}

function readHeading(cursor: Cursor, [, marks = '#', text = '']: RegExpExecArray): Block {
  cursor.at += 1;
  const words = text.trimEnd().replace(/(^| )#+$/, '');
  return { kind: 'heading', level: marks.length, children: parseInline(words) };
}

function readFence(cursor: Cursor): Block {
  const mark = FENCE.exec(cursor.lines[cursor.at] ?? '')?.[1] ?? '```';
  const content: string[] = [];
  for (cursor.at += 1; cursor.at < cursor.lines.length; cursor.at += 1) {
    const line = cursor.lines[cursor.at] ?? '';
    if (line.trim().startsWith(mark) && line.trim().replaceAll(mark[0] as string, '') === '') break;
    content.push(line);
  }
  cursor.at += 1;
  return { kind: 'code', text: content.join('\n') };
}

function readQuote(cursor: Cursor, depth: number): Block {
  const content: string[] = [];
  for (; cursor.at < cursor.lines.length; cursor.at += 1) {
    const line = cursor.lines[cursor.at] ?? '';
    if (!QUOTE.test(line)) break;
    content.push(line.replace(QUOTE, ''));
  }
  return { kind: 'quote', children: readBlocks(content, depth + 1) };
}

/** Items of one kind; what is indented below an item belongs to it. */
function readList(cursor: Cursor, depth: number): Block {
  const first = BULLET.exec(cursor.lines[cursor.at] ?? '');
  const ordered = first?.[2] !== undefined;
  const items: Block[][] = [];
  while (cursor.at < cursor.lines.length) {
    const bullet = BULLET.exec(cursor.lines[cursor.at] ?? '');
    if (bullet === null || (bullet[2] !== undefined) !== ordered || RULE.test(cursor.lines[cursor.at] ?? '')) break;
    items.push(readBlocks(readItem(cursor, bullet), depth + 1));
  }
  return { kind: 'list', start: ordered ? Number(first?.[2]) : undefined, items };
}

function readItem(cursor: Cursor, bullet: RegExpExecArray): string[] {
  const indent = Math.min(bullet[0].length, (bullet[1]?.length ?? 0) + 6);
  const content = [(cursor.lines[cursor.at] ?? '').slice(bullet[0].length)];
  for (cursor.at += 1; cursor.at < cursor.lines.length; cursor.at += 1) {
    const line = cursor.lines[cursor.at] ?? '';
    const deeper = line.startsWith(' '.repeat(Math.max(indent, 2)));
    const next = cursor.lines[cursor.at + 1] ?? '';
    if (line.trim() === '' && !/^ {2}/.test(next) && !BULLET.test(next)) break;
    if (line.trim() !== '' && !deeper && (startsBlock(line) || content.at(-1) === '')) break;
    content.push(deeper ? line.slice(Math.max(indent, 2)) : line.trimStart());
  }
  return content;
}

const startsBlock = (line: string) =>
  HEADING.test(line) || RULE.test(line) || FENCE.test(line) || QUOTE.test(line) || BULLET.test(line);

function readParagraph(cursor: Cursor): Block {
  const content = [(cursor.lines[cursor.at] ?? '').trimStart()];
  for (cursor.at += 1; cursor.at < cursor.lines.length; cursor.at += 1) {
    const line = cursor.lines[cursor.at] ?? '';
    if (line.trim() === '' || startsBlock(line)) break;
    content.push(line.trimStart());
  }
  return { kind: 'paragraph', children: parseInline(content.join('\n').trimEnd()) };
}
