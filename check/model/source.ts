import { isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, type Document as YamlDocument } from 'yaml';
import type { Place } from '../finding.ts';

/** A path into an object: keys and list indices. */
export type FieldPath = readonly (string | number)[];

/** One document of a YAML or JSON file, with the positions of everything in it. */
export interface SourceDocument {
  file: string;
  /** Position in the file's sequence of documents. */
  index: number;
  value: unknown;
  /** Where the document's content begins. */
  at: Place;
  /** The place of a field (of its key), or of the nearest ancestor that is there. */
  placeOf(path: FieldPath): Place;
  /** The place of a field, or undefined when the document does not have it. */
  findPlace(path: FieldPath): Place | undefined;
}

export interface SourceFile {
  path: string;
  text: string;
  documents: readonly SourceDocument[];
  /** Syntax errors. A file that has any gives no documents: half of a file means nothing. */
  problems: readonly { at: Place; message: string }[];
}

/** Aliases may repeat a node this often; more is an attempt to exhaust memory. */
const ALIASES_MAX = 1000;

/** Reads a YAML (or JSON) file as Kubernetes does: YAML 1.1 scalars, several documents. Never throws. */
export function readSource(path: string, text: string): SourceFile {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: path, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const parsed = parseAllDocuments(text, { lineCounter: lines, version: '1.1', merge: true });
  if (!Array.isArray(parsed)) return { path, text, documents: [], problems: [] };
  const problems = parsed.flatMap((document) =>
    document.errors.map((error) => ({ at: place(error.pos[0]), message: firstSentence(error.message) })),
  );
  if (problems.length > 0) return { path, text, documents: [], problems };
  const documents: SourceDocument[] = [];
  for (const document of parsed) {
    if (document.contents === null) continue;
    try {
      documents.push(sourceDocument(path, documents.length, document, place));
    } catch (error) {
      problems.push({ at: place(document.range[0]), message: firstSentence(String((error as Error).message)) });
    }
  }
  return problems.length > 0 ? { path, text, documents: [], problems } : { path, text, documents, problems };
}

function firstSentence(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, '');
}

function sourceDocument(
  file: string,
  index: number,
  document: YamlDocument.Parsed,
  place: (offset: number) => Place,
): SourceDocument {
  const root = document.contents as Node;
  const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
  const at = place(root.range?.[0] ?? 0);
  const find = (path: FieldPath) => offsetsOf(root, path);
  return {
    file,
    index,
    value,
    at,
    placeOf: (path) => {
      const { offset } = find(path);
      return offset === undefined ? at : place(offset);
    },
    findPlace: (path) => {
      const { offset, complete } = find(path);
      return complete && offset !== undefined ? place(offset) : undefined;
    },
  };
}

/** Offset of the deepest part of the path that exists: of a key in a map, of the element in a list. */
function offsetsOf(root: Node, path: FieldPath): { offset: number | undefined; complete: boolean } {
  let node: unknown = root;
  let offset = root.range?.[0];
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return { offset, complete: false };
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step];
      if (item === undefined) return { offset, complete: false };
      offset = (item as Node).range?.[0] ?? offset;
      node = item;
    } else {
      return { offset, complete: false };
    }
  }
  return { offset, complete: true };
}
