/** YAML text → plain values with positions, by the rules of Go's readers (see scalars.ts). */
import {
  type Alias,
  type Document,
  isAlias,
  isScalar,
  isSeq,
  isMap as isYamlMap,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  Scalar as YamlScalar,
} from 'yaml';
import { type Diagnostic, KustomizeError, type Position } from '../errors.ts';
import { isMap, isNull, type Json, type JsonMap, setField } from '../types.ts';
import { type Dialect, isTimestamp, NotJsonError, resolvePlain, UnsafeIntegerError } from './scalars.ts';

const TEXT_LENGTH_MAX = 16 * 1024 * 1024;
const ALIAS_NODES_MAX = 1_000_000;
const DEPTH_MAX = 500;
/** Maps larger than this are not searched for harmless repetitions. */
const REPEAT_ITEMS_MAX = 1000;
const KNOT_DEPTH_MAX = 5000;
/** `- - - …`, `? ? ? …`, `!a !a …`: far more on one line than a document can mean. */
const INDICATOR_PILE = /(?:[-?:]\s|[!&*]\S{0,8} ){5000}/;

/** A text file with what is needed to point into it. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  private lines: LineCounter | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  /** The position of an offset, with the line it lies in. */
  at(offset: number): Position & { source: string } {
    if (!this.lines) {
      this.lines = new LineCounter();
      this.lines.addNewLine(0);
      for (let i = this.text.indexOf('\n'); i >= 0; i = this.text.indexOf('\n', i + 1)) this.lines.addNewLine(i + 1);
    }
    const { line, col } = this.lines.linePos(Math.min(offset, this.text.length));
    const start = this.lines.lineStarts[line - 1] ?? 0;
    const end = this.text.indexOf('\n', start);
    const source = this.text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
    return { file: this.file, line, column: col, source: source.length > 160 ? `${source.slice(0, 160)}…` : source };
  }
}

/** One YAML document as a value; `node` leads back to positions. */
export interface ParsedDocument {
  value: Json;
  node: Node | null;
  source: SourceText;
}

/** Parses every document of a text. Throws KustomizeError with all syntax errors. */
export function parseDocuments(source: SourceText, dialect: Dialect): ParsedDocument[] {
  refuseUnreadable(source);
  const documents = parseText(source);
  const findings = documents.flatMap((document) => syntaxFindings(document, source));
  if (findings.length > 0) throw new KustomizeError(findings);
  return documents.map((document) => ({
    value: new Reader(source, dialect, document).read(document.contents as Node | null),
    node: document.contents as Node | null,
    source,
  }));
}

function parseText(source: SourceText): Document[] {
  try {
    const text = source.text.charCodeAt(0) === 0xfeff ? ` ${source.text.slice(1)}` : source.text;
    const parsed = parseAllDocuments(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      merge: false,
    });
    return Array.isArray(parsed) ? (parsed as Document[]) : [];
  } catch (error) {
    throw new KustomizeError([
      {
        ...source.at(0),
        code: 'invalid-yaml',
        message: `this is not YAML: ${error instanceof Error ? error.message : String(error)}`,
        fix: 'reduce the nesting or correct the syntax',
      },
    ]);
  }
}

function refuseUnreadable(source: SourceText): void {
  if (source.text.length > TEXT_LENGTH_MAX) {
    const message = `the file has ${source.text.length} characters; the limit is ${TEXT_LENGTH_MAX}`;
    throw new KustomizeError([
      { file: source.file, line: 1, column: 1, code: 'too-large', message, fix: 'split the file' },
    ]);
  }
  const knot = findKnot(source.text);
  if (knot >= 0) {
    const message = `something is nested deeper than ${KNOT_DEPTH_MAX} levels here`;
    throw new KustomizeError([{ ...source.at(knot), code: 'too-large', message, fix: 'flatten it' }]);
  }
  const nul = source.text.indexOf('\0');
  if (nul >= 0) {
    const why = 'a NUL byte cannot occur in YAML';
    const at = source.at(nul);
    throw new KustomizeError([
      { ...at, source: undefined, code: 'invalid-yaml', message: 'this file is binary, not YAML', why },
    ]);
  }
}

/**
 * Where brackets or indicators pile up as only hostile text does, else -1. Looked for before parsing, which takes
 * minutes for it; brackets inside of quoted text count as well, so the limit is far above DEPTH_MAX.
 */
function findKnot(text: string): number {
  const pile = INDICATOR_PILE.exec(text);
  if (pile) return pile.index;
  let depth = 0;
  for (let offset = 0; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (code === 0x5b || code === 0x7b) depth++;
    else if ((code === 0x5d || code === 0x7d) && depth > 0) depth--;
    if (depth > KNOT_DEPTH_MAX) return offset;
  }
  return -1;
}

function syntaxFindings(document: Document, source: SourceText): Diagnostic[] {
  return document.errors.map((error) => ({
    ...source.at(error.pos[0]),
    code: 'invalid-yaml',
    message: error.message,
    fix: 'correct the YAML syntax at this place',
  }));
}

class Reader {
  private readonly source: SourceText;
  private readonly dialect: Dialect;
  private readonly document: Document;
  /** Every anchored node in document order, by name; looked for once. */
  private anchors: Map<string, Node[]> | undefined;
  private aliasNodes = 0;
  private readonly open = new Set<Node>();

  constructor(source: SourceText, dialect: Dialect, document: Document) {
    this.source = source;
    this.dialect = dialect;
    this.document = document;
  }

  read(node: Node | null | undefined, depth = 0): Json {
    if (!node) return undefined;
    if (depth > DEPTH_MAX) this.fail(node, `the document is nested deeper than ${DEPTH_MAX} levels`, 'flatten it');
    if (isAlias(node)) return this.readAlias(node, depth);
    if (isScalar(node)) return this.readScalar(node);
    if (isSeq(node)) return node.items.map((item) => this.read(item as Node | null, depth + 1));
    if (isYamlMap(node)) return this.readMap(node.items as Pair<Node, Node | null>[], depth);
    return undefined;
  }

  /** The last node of that name before the alias, as names may be used again. */
  private anchored(alias: Alias): Node | undefined {
    this.anchors ??= anchorsOf(this.document.contents as Node | null);
    const before = alias.range?.[0] ?? 0;
    return this.anchors.get(alias.source)?.findLast((node) => (node.range?.[0] ?? 0) < before);
  }

  private readAlias(alias: Alias, depth: number): Json {
    const target = this.anchored(alias);
    if (!target) this.fail(alias, `the alias *${alias.source} refers to no anchor`, `add &${alias.source} before it`);
    if (this.open.has(target))
      this.fail(alias, `the alias *${alias.source} contains itself`, 'remove the recursive alias');
    this.aliasNodes += countNodes(target);
    if (this.aliasNodes > ALIAS_NODES_MAX)
      this.fail(alias, 'the aliases of this file expand to too many nodes', 'write them out');
    this.open.add(target);
    const value = this.read(target, depth + 1);
    this.open.delete(target);
    return value;
  }

  private readScalar(node: YamlScalar): Json {
    const text = this.scalarText(node);
    const tag = node.tag?.replace('tag:yaml.org,2002:', '!!');
    const plain = node.type === YamlScalar.PLAIN || node.type === undefined;
    if (tag === '!!str' || tag === '!!binary' || (!plain && !tag?.startsWith('!!'))) return text;
    if (plain && text === '' && (node.source ?? '') === '') return undefined;
    try {
      return resolvePlain(text, this.dialect);
    } catch (error) {
      if (error instanceof NotJsonError) return this.fail(node, `JSON cannot hold ${text}`, 'quote it if it is text');
      if (!(error instanceof UnsafeIntegerError)) throw error;
      return this.fail(node, `the integer ${text} does not fit a JavaScript number exactly`, 'quote it if it is text');
    }
  }

  /** A block at the end of a file without a last line break has none either, for Go's readers. */
  private scalarText(node: YamlScalar): string {
    const text = typeof node.value === 'string' ? node.value : '';
    const isBlock = node.type === YamlScalar.BLOCK_LITERAL || node.type === YamlScalar.BLOCK_FOLDED;
    if (!isBlock || !text.endsWith('\n') || this.source.text.endsWith('\n')) return text;
    return (node.range?.[1] ?? 0) >= this.source.text.length ? text.slice(0, -1) : text;
  }

  private readMap(items: readonly Pair<Node, Node | null>[], depth: number): JsonMap {
    const map: JsonMap = {};
    const merges: Node[] = [];
    for (const { key, value } of items) {
      if (isMergeKey(key)) {
        if (value) merges.push(value);
        continue;
      }
      const name = this.keyText(key);
      if (Object.hasOwn(map, name) && !this.isHarmlessRepeat(name, value, items)) this.duplicateKey(key, name, items);
      const isMetadata = depth === 0 && name === 'metadata' && this.dialect === 'resource';
      setField(map, name, isMetadata ? this.readMetadata(value, depth + 1) : this.read(value, depth + 1));
    }
    for (const node of merges) this.mergeInto(map, node, depth);
    return map;
  }

  /** Annotations are text: an unquoted 1.10 keeps its zero. */
  private readMetadata(node: Node | null, depth: number): Json {
    const metadata = this.read(node, depth);
    const annotations = isYamlMap(node) ? node.get('annotations', true) : undefined;
    if (!isMap(metadata) || !isMap(metadata.annotations) || !isYamlMap(annotations)) return metadata;
    for (const { key, value } of annotations.items as Pair<Node, Node | null>[]) {
      if (!isScalar(key) || !isScalar(value) || typeof value.value !== 'string') continue;
      const name = String(key.value);
      if (!isNull(metadata.annotations[name])) setField(metadata.annotations, name, value.value);
    }
    return metadata;
  }

  private keyText(key: Node | null): string {
    const value = key ? this.read(key) : undefined;
    if (typeof value === 'object' && value !== null) this.fail(key, 'a mapping key must be a scalar', 'use a string');
    if (this.dialect === 'resource' && (typeof value !== 'string' || isDateKey(key))) {
      this.fail(key, `a mapping key must be text, not ${JSON.stringify(value ?? null)}`, 'quote it');
    }
    return isScalar(key) && typeof key.value === 'string' ? key.value : String(value ?? 'null');
  }

  /** A kustomization may say the same scalar twice, as upstream's reader allows: nothing is lost. */
  private isHarmlessRepeat(name: string, value: Node | null, items: readonly Pair<Node, Node | null>[]): boolean {
    if (this.dialect !== 'kustomization' || !isScalar(value) || items.length > REPEAT_ITEMS_MAX) return false;
    return items.every(
      (item) =>
        !isScalar(item.key) || item.key.value !== name || (isScalar(item.value) && item.value.value === value.value),
    );
  }

  private duplicateKey(key: Node, name: string, items: readonly Pair<Node, Node | null>[]): never {
    const first = items.find((item) => isScalar(item.key) && item.key.value === name);
    const line = this.source.at(first?.key?.range?.[0] ?? 0).line;
    throw new KustomizeError([
      {
        ...this.source.at(key.range?.[0] ?? 0),
        code: 'duplicate-key',
        message: `the key "${name}" is already defined on line ${line}`,
        why: 'one of the two values would be lost',
        fix: 'remove one of the two, or join their contents',
      },
    ]);
  }

  /** `<<`: fields of the merged maps that the map itself does not set. */
  private mergeInto(map: JsonMap, node: Node, depth: number): void {
    const value = this.read(node, depth + 1);
    for (const part of Array.isArray(value) ? value : [value]) {
      if (typeof part !== 'object' || part === null || Array.isArray(part)) {
        this.fail(node, 'a merge key (<<) needs a map or a list of maps', 'refer to an anchored map');
      }
      for (const name of Object.keys(part)) if (!Object.hasOwn(map, name)) setField(map, name, part[name]);
    }
  }

  private fail(node: Node | null, message: string, fix: string): never {
    throw new KustomizeError([{ ...this.source.at(node?.range?.[0] ?? 0), code: 'invalid-yaml', message, fix }]);
  }
}

function isDateKey(key: Node | null): boolean {
  const plain = isScalar(key) && (key.type === YamlScalar.PLAIN || key.type === undefined);
  return plain && typeof key.value === 'string' && isTimestamp(key.value);
}

function isMergeKey(key: Node | null): boolean {
  return isScalar(key) && key.value === '<<' && (key.type === YamlScalar.PLAIN || key.type === undefined);
}

function anchorsOf(root: Node | null): Map<string, Node[]> {
  const anchors = new Map<string, Node[]>();
  const open: (Node | null)[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node === null || isAlias(node)) continue;
    const { anchor } = node as { anchor?: string };
    if (anchor) anchors.set(anchor, [...(anchors.get(anchor) ?? []), node]);
    if (isSeq(node)) open.push(...(node.items as (Node | null)[]));
    else if (isYamlMap(node))
      for (const { key, value } of node.items as Pair<Node, Node | null>[]) open.push(key, value ?? null);
  }
  const position = (node: Node) => node.range?.[0] ?? 0;
  for (const nodes of anchors.values()) nodes.sort((a, b) => position(a) - position(b));
  return anchors;
}

function countNodes(node: Node): number {
  if (isSeq(node)) return node.items.reduce<number>((sum, item) => sum + countNodes(item as Node), 1);
  if (isYamlMap(node))
    return node.items.reduce<number>((sum, item) => sum + (item.value ? countNodes(item.value as Node) : 1), 1);
  return 1;
}

/** The offset of the value at a path in a parsed document, or of the deepest part of the path that exists. */
export function offsetOf(node: Node | null, path: readonly (string | number)[]): number {
  let current: unknown = node;
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    if (isYamlMap(current)) {
      const pair: Pair<Node, Node | null> | undefined = (current.items as Pair<Node, Node | null>[]).find(
        (item) => isScalar(item.key) && item.key.value === part,
      );
      if (!pair) return offset;
      offset = pair.key.range?.[0] ?? offset;
      current = pair.value;
    } else if (isSeq(current) && typeof part === 'number') {
      const item = current.items[part] as Node | null | undefined;
      offset = item?.range?.[0] ?? offset;
      current = item;
    } else return offset;
  }
  return offset;
}
