/** Reads YAML and says of every mistake where it is. */
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseAllDocuments } from 'yaml';

export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The documents of one file, and the problems found while they are read. */
export class YamlReader {
  readonly file: string;
  readonly problems: Problem[] = [];
  readonly documents: readonly Node[];
  readonly #lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    const documents = parseAllDocuments(text, { lineCounter: this.#lines });
    this.documents = (Array.isArray(documents) ? documents : []).flatMap((document) => {
      for (const error of document.errors) this.#add(error.pos[0], error.message.split('\n')[0] ?? 'invalid YAML');
      return document.errors.length === 0 && document.contents !== null ? [document.contents as Node] : [];
    });
  }

  fail(node: Node | null | undefined, message: string): undefined {
    this.#add(node?.range?.[0] ?? 0, message);
    return undefined;
  }

  /** From 1. */
  lineOf(node: Node): number {
    return Math.max(this.#lines.linePos(node.range?.[0] ?? 0).line, 1);
  }

  /** The fields of a map, by name; a name that is not among `allowed` is a problem. */
  fields(node: Node | null | undefined, what: string, allowed?: readonly string[]): ReadonlyMap<string, Node> {
    const found = new Map<string, Node>();
    if (!isMap(node)) {
      this.fail(node, `${what} must be a mapping`);
      return found;
    }
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const name = isScalar(key) ? String(key.value) : '';
      if (allowed !== undefined && !allowed.includes(name))
        this.fail(key, `${what}: unknown field "${name}" (there are: ${allowed.join(', ')})`);
      else if (value !== null) found.set(name, value);
    }
    return found;
  }

  list(node: Node | null | undefined, what: string): readonly Node[] {
    if (node === undefined || (isScalar(node) && node.value === null)) return [];
    if (isSeq(node)) return node.items as Node[];
    this.fail(node, `${what} must be a list`);
    return [];
  }

  /** A scalar as its text is written; empty when there is none. */
  text(node: Node | null | undefined, what: string): string {
    if (node === undefined || node === null) return '';
    if (!isScalar(node)) {
      this.fail(node, `${what} must be a text`);
      return '';
    }
    if (typeof node.value === 'string') return node.value;
    return node.value === null ? '' : (node.source ?? String(node.value));
  }

  texts(node: Node | null | undefined, what: string): Record<string, string> {
    if (node === undefined || node === null) return {};
    return Object.fromEntries(
      [...this.fields(node, what)].map(([name, value]) => [name, this.text(value, `${what}.${name}`)]),
    );
  }

  #add(offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push({ file: this.file, line: Math.max(line, 1), column: Math.max(col, 1), message });
  }
}
