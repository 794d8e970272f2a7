/**
 * YAML text with one or more values changed, laid out as Go's yaml.v3 writes a document it has read: quoting and
 * comments stay, indentation and blank lines are made uniform. For replacements into YAML that a string holds.
 */
import { isAlias, isMap as isMapNode, isScalar, isSeq, type Node, type Pair, parseAllDocuments, Scalar } from 'yaml';
import { isList, isMap, isNull, type Json, type JsonList, type JsonMap, scalarText, setField } from '../types.ts';
import { analyse, escapeDouble, literalHeader } from './emitter.ts';
import { resolvePlain } from './scalars.ts';

/** What of YAML a text may not use when values inside it are changed. */
export class LayoutError extends Error {}

/** A parsed text: `value` is changed in place and written out by `layOut`. */
export interface TextDocument {
  value: Json;
  node: Node | null;
  text: string;
}

interface Comment {
  offset: number;
  column: number;
  text: string;
  isWholeLine: boolean;
  blankAfter: boolean;
}

type Items = readonly Pair<Node, Node | null>[];

/** Reads a YAML text. Undefined when it is not YAML; throws LayoutError for what cannot be written back. */
export function readText(text: string): TextDocument | undefined {
  const documents = parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
  if (!Array.isArray(documents)) return undefined;
  const [document, second] = documents;
  if (!document || document.errors.length > 0) return undefined;
  if (second) throw new LayoutError('several documents');
  if (/^%/m.test(text)) throw new LayoutError('directives');
  if (/^(---|\.\.\.)[ \t]*\S/m.test(text) || /^\s*#[^\n]*\n(.*\n)*---/.test(text))
    throw new LayoutError('content beside ---');
  const node = document.contents as Node | null;
  return { value: readNode(node), node, text };
}

function readNode(node: Node | null): Json {
  if (!node) return undefined;
  if (isAlias(node)) throw new LayoutError('aliases');
  if ((node as Scalar).anchor) throw new LayoutError('anchors');
  if (node.tag) throw new LayoutError('tags');
  if (isSeq(node)) return node.items.map((item) => readNode(item as Node | null));
  if (isScalar(node)) {
    const text = String(node.value ?? '');
    const isPlain = node.type === Scalar.PLAIN || node.type === undefined;
    if (!isPlain) return text;
    return text === '' ? undefined : resolvePlain(text, 'resource');
  }
  const map: JsonMap = {};
  for (const { key, value } of (node as unknown as { items: Items }).items) {
    if (!isScalar(key) || typeof key.value !== 'string' || key.value.includes('\n'))
      throw new LayoutError('keys of several lines');
    if (key.value === '<<') throw new LayoutError('merge keys');
    if (key.value.length > 100) throw new LayoutError('keys of more than 100 characters');
    if (Object.hasOwn(map, key.value)) throw new LayoutError('keys that occur twice');
    setField(map, key.value, readNode(value));
  }
  return map;
}

/** The text with the values that the document has now. Throws LayoutError. */
export function layOut(document: TextDocument): string {
  const writer = new Writer(document.text, findComments(document.text, document.node));
  return writer.write(document.node, document.value).trim();
}

function findComments(text: string, root: Node | null): Comment[] {
  const comments: Comment[] = [];
  let offset = 0;
  for (const scalar of [...scalarsOf(root), undefined]) {
    const end = scalar?.range?.[0] ?? text.length;
    while (offset < end) {
      const hash = text.indexOf('#', offset);
      if (hash < 0 || hash >= end) break;
      offset = hash + 1;
      if (hash > 0 && !/\s/.test(text[hash - 1] ?? '')) continue;
      const lineEnd = text.indexOf('\n', hash) < 0 ? text.length : text.indexOf('\n', hash);
      const lineStart = text.lastIndexOf('\n', hash) + 1;
      comments.push({
        offset: hash,
        column: hash - lineStart,
        text: text.slice(hash, lineEnd).trimEnd(),
        isWholeLine: text.slice(lineStart, hash).trim() === '',
        blankAfter: /^\n[ \t]*(\n|$)/.test(text.slice(lineEnd)),
      });
      offset = lineEnd;
    }
    offset = Math.max(offset, scalar?.range?.[1] ?? 0);
  }
  return comments;
}

/** Every scalar, keys included, in the order of the text. */
function scalarsOf(node: Node | null): Scalar[] {
  if (isScalar(node)) return [node];
  if (isSeq(node)) return node.items.flatMap((item) => scalarsOf(item as Node | null));
  if (!isMapNode(node)) return [];
  return (node.items as Items).flatMap(({ key, value }) => [...scalarsOf(key), ...scalarsOf(value)]);
}

class Writer {
  private readonly text: string;
  private readonly comments: Comment[];
  private readonly lines: string[] = [];
  private line = '';
  /** The item before ends in a comment, in line breaks of its own, or has nothing in it. */
  private isOpenEnded = false;
  /** Where items of the levels so far stood in the text, and where they stand now. */
  private readonly levels: { column: number; indent: number }[] = [];

  constructor(text: string, comments: Comment[]) {
    this.text = text;
    this.comments = comments;
  }

  write(node: Node | null, value: Json): string {
    this.block(node, value, 0);
    this.endLine();
    const last = scalarsOf(node).at(-1);
    const isBlock = last?.type === Scalar.BLOCK_LITERAL || last?.type === Scalar.BLOCK_FOLDED;
    if ((isSeq(node) || isBlock) && this.comments.length > 0) throw new LayoutError('a comment at the end');
    this.flush(Number.POSITIVE_INFINITY, -1, 0);
    return this.lines.join('\n');
  }

  /** A value where a new line or the rest of `- ` begins. */
  private block(node: Node | null, value: Json, indent: number): void {
    if (isBlockMap(node, value)) this.mapping(node, value as JsonMap, indent);
    else if (isBlockList(node, value)) this.sequence(node, value as JsonList, indent);
    else this.inline(node, value, indent, false);
  }

  private mapping(node: Node | null, map: JsonMap, indent: number): void {
    const items = isMapNode(node) ? (node.items as Items) : [];
    const known = new Map(items.map((pair) => [String((pair.key as Scalar).value), pair]));
    let first = true;
    for (const name of Object.keys(map)) {
      const pair = known.get(name);
      this.startItem(pair?.key ?? null, indent, first);
      first = false;
      this.line += pair ? this.scalar(pair.key as Scalar, name, indent, true) : plainOrQuoted(name, false);
      this.line += ':';
      this.entry(pair, map[name], indent);
    }
  }

  private entry(pair: Pair<Node, Node | null> | undefined, value: Json, indent: number): void {
    const node = pair?.value ?? null;
    const isMapping = isBlockMap(node, value);
    if (!isMapping && !isBlockList(node, value)) {
      this.inline(node, value, indent, true);
      return;
    }
    if (pair) this.lineComment(pair.key.range?.[1] ?? 0);
    this.endLine();
    this.block(node, value, isMapping ? indent + 2 : indent);
  }

  private sequence(node: Node | null, list: JsonList, indent: number): void {
    const items = isSeq(node) ? (node.items as (Node | null)[]) : [];
    list.forEach((value, index) => {
      const item = items[index] ?? null;
      this.startItem(item, indent, index === 0, true);
      this.line += '-';
      if (isBlockMap(item, value) || isBlockList(item, value)) {
        this.line += ' ';
        this.block(item, value, indent + 2);
      } else this.inline(item, value, indent, true);
    });
  }

  /** Begins a line for an item, after the comments above it. The first item after `- ` goes on in its line. */
  private startItem(node: Node | null, indent: number, first: boolean, isElement = false): void {
    const goesOn = first && this.line.trim() !== '';
    if (!goesOn) this.endLine();
    if (node?.range) {
      const start = isElement ? this.dashBefore(node.range[0]) : node.range[0];
      const column = start - (this.text.lastIndexOf('\n', start - 1) + 1);
      const isEmpty = isElement && isScalar(node) && node.range[0] === node.range[1];
      if (isEmpty && (this.comments[0]?.offset ?? start) < start)
        throw new LayoutError('a comment above an empty element');
      if (goesOn && this.comments.some(({ offset }) => offset < start)) throw new LayoutError('a comment after a dash');
      this.flush(start, column, indent, first && indent + this.levels.length > 0);
      while ((this.levels.at(-1)?.indent ?? -1) >= indent) this.levels.pop();
      this.levels.push({ column, indent });
    } else this.refuseCommentAfterInsertion();
    this.isOpenEnded = false;
    if (!goesOn) this.line = ' '.repeat(indent);
  }

  private dashBefore(offset: number): number {
    return this.text.lastIndexOf('-', offset - 1);
  }

  private refuseCommentAfterInsertion(): void {
    if (this.comments.some(({ isWholeLine }) => isWholeLine)) throw new LayoutError('comments below an added field');
  }

  private endLine(): void {
    if (this.line !== '') this.lines.push(this.line);
    this.line = '';
  }

  private flush(before: number, column: number, indent: number, opensBlock = false): void {
    for (let next = this.comments[0]; next && next.offset < before; next = this.comments[0]) {
      this.comments.shift();
      if (this.isOpenEnded && (next.blankAfter || before === Number.POSITIVE_INFINITY)) {
        throw new LayoutError('a comment set apart, below a comment or something empty');
      }
      const level = next.column === column ? { indent } : this.levels.findLast((known) => known.column === next.column);
      if (!next.isWholeLine || !level) throw new LayoutError('a comment that is not indented like an item');
      this.lines.push(' '.repeat(level.indent) + next.text);
      const isLast = (this.comments[0]?.offset ?? Number.POSITIVE_INFINITY) >= before;
      if (next.blankAfter && !(opensBlock && isLast)) this.lines.push('');
    }
  }

  private inline(node: Node | null, value: Json, indent: number, spaced: boolean): void {
    let written = '';
    if (isMap(value) || isList(value)) written = this.flow(node, value);
    else if (isScalar(node)) written = this.scalar(node, textOf(node, value), indent, false);
    else if (!isNull(value)) written = plainOrQuoted(scalarText(value), typeof value === 'string');
    this.isOpenEnded = /^([>|[{]|$)/.test(written);
    if (written !== '') this.line += (spaced ? ' ' : '') + written;
    if (written !== '' && node?.range && !written.includes('\n')) this.lineComment(node.range[1]);
  }

  /** A comment that ends the line of what ends at an offset of the text. */
  private lineComment(end: number): void {
    const [next] = this.comments;
    if (!next || next.isWholeLine || /\n/.test(this.text.slice(end, next.offset))) return;
    this.comments.shift();
    this.isOpenEnded = true;
    this.line += ` ${next.text}`;
  }

  private flow(node: Node | null, value: JsonMap | JsonList): string {
    const end = node?.range?.[1] ?? 0;
    if (this.comments.some(({ offset }) => offset < end)) throw new LayoutError('comments inside of braces');
    if (isList(value)) {
      const items = isSeq(node) ? (node.items as (Node | null)[]) : [];
      return `[${value.map((item, index) => this.flowValue(items[index] ?? null, item)).join(', ')}]`;
    }
    const items = isMapNode(node) ? (node.items as Items) : [];
    const known = new Map(items.map((pair) => [String((pair.key as Scalar).value), pair]));
    const fields = Object.keys(value).map((name) => {
      const pair = known.get(name);
      const key = pair ? this.scalar(pair.key as Scalar, name, 0, true) : plainOrQuoted(name, false);
      const written = this.flowValue(pair?.value ?? null, value[name]);
      return `${key}: ${written === '' ? "''" : written}`;
    });
    return `{${fields.join(', ')}}`;
  }

  private flowValue(node: Node | null, value: Json): string {
    if (isMap(value) || isList(value)) return this.flow(node, value);
    const text = isScalar(node) ? textOf(node, value) : scalarText(value ?? undefined);
    if (/[,[\]{}?\n]/.test(text)) throw new LayoutError('punctuation inside of braces');
    return isScalar(node) ? this.scalar(node, text, 0, true) : plainOrQuoted(text, typeof value === 'string');
  }

  /** A scalar in the style it had, as far as that style can carry the text. */
  private scalar(node: Scalar, text: string, indent: number, isSimple: boolean): string {
    const analysis = analyse(text);
    const isBlock = node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
    if (isBlock && /#/.test(/^[^\n]*/.exec(this.text.slice(node.range?.[0] ?? 0))?.[0] ?? '')) {
      throw new LayoutError('a comment beside | or >');
    }
    if (isBlock) {
      if (!analysis.literalAllowed) return doubleQuoted(text);
      return node.type === Scalar.BLOCK_LITERAL ? literal(text, indent + 2) : folded(text, indent + 2);
    }
    if (node.type === Scalar.QUOTE_DOUBLE) return doubleQuoted(text);
    if (node.type === Scalar.QUOTE_SINGLE) {
      if (text.includes('\n')) throw new LayoutError('quoted text of several lines');
      return analysis.singleAllowed ? singleQuoted(text) : doubleQuoted(text);
    }
    const wasText = typeof resolvePlain(String(node.value ?? ''), 'resource') === 'string';
    if (text.includes('\n') && !isSimple && analysis.literalAllowed) return literal(text, indent + 2);
    return plainOrQuoted(text, wasText);
  }
}

/** The text of a scalar; what was not changed keeps its spelling. */
function textOf(node: Scalar, value: Json): string {
  const text = String(node.value ?? '');
  const isSame = Object.is(readNode(node), value);
  return isSame ? text : scalarText(value);
}

function isBlockMap(node: Node | null, value: Json): boolean {
  return isMap(value) && Object.keys(value).length > 0 && !(isMapNode(node) && node.flow);
}

function isBlockList(node: Node | null, value: Json): boolean {
  return isList(value) && value.length > 0 && !(isSeq(node) && node.flow);
}

/** Plain where that is read back as the same; a text that would be read as something else is quoted when it must stay one. */
function plainOrQuoted(text: string, staysText: boolean): string {
  if (text === '') return staysText ? '""' : '';
  if (staysText && typeof resolvePlain(text, 'resource') !== 'string') return doubleQuoted(text);
  const analysis = analyse(text);
  if (analysis.plainAllowed && !text.includes('\t')) return text;
  return analysis.singleAllowed && !text.includes('\n') ? singleQuoted(text) : doubleQuoted(text);
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function doubleQuoted(text: string): string {
  return `"${[...text].map(escapeDouble).join('')}"`;
}

function literal(text: string, indent: number): string {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return ['|' + literalHeader(text), ...lines.map((line) => (line === '' ? '' : ' '.repeat(indent) + line))].join('\n');
}

/** `>`: a line break in the text is written as two, but for lines that begin with a blank. */
function folded(text: string, indent: number): string {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.some((line) => /^[ \t]/.test(line))) throw new LayoutError('indented lines in folded text');
  const written: string[] = [];
  lines.forEach((line, index) => {
    if (index > 0 && line !== '' && lines[index - 1] !== '') written.push('');
    else if (index > 0 && line !== '' && lines[index - 1] === '') written.push('');
    written.push(line === '' ? '' : ' '.repeat(indent) + line);
  });
  if (text.endsWith('\n')) written.push('');
  return ['>' + literalHeader(text), ...written].join('\n');
}
