/** Checks a parsed document against its shape and reports every deviation with its position. */
import { type Diagnostic, nearestName } from '../errors.ts';
import { isList, isMap, isNull, type Json, type JsonMap, setField } from '../types.ts';
import { offsetOf, type ParsedDocument } from '../yaml/parser.ts';
import type { Shape } from './shapes.ts';

const SUGGESTIONS_MAX = 50;

type Path = readonly (string | number)[];

/** Decodes the root map of a document; findings are appended, and what is wrong is left out of the result. */
export function decodeDocument(
  document: ParsedDocument,
  fields: Readonly<Record<string, Shape>>,
  findings: Diagnostic[],
): JsonMap {
  const decoder = new Decoder(document, findings);
  return decoder.map(document.value, fields, []);
}

class Decoder {
  private readonly document: ParsedDocument;
  private readonly findings: Diagnostic[];

  constructor(document: ParsedDocument, findings: Diagnostic[]) {
    this.document = document;
    this.findings = findings;
  }

  map(value: Json, fields: Readonly<Record<string, Shape>>, path: Path): JsonMap {
    const result: JsonMap = {};
    if (isNull(value)) return result;
    if (!isMap(value)) {
      this.wrongType(value, 'a map', path);
      return result;
    }
    for (const key of Object.keys(value)) {
      const name = this.knownName(key, fields, path);
      const shape = name === undefined ? undefined : fields[name];
      if (name === undefined || shape === undefined) continue;
      const decoded = this.value(value[key], shape, [...path, key]);
      if (decoded !== undefined) setField(result, name, decoded);
    }
    return result;
  }

  /** The field a key stands for. As in Go's JSON reader, letter case does not matter. */
  private knownName(key: string, fields: Readonly<Record<string, Shape>>, path: Path): string | undefined {
    if (Object.hasOwn(fields, key)) return key;
    const names = Object.keys(fields);
    const folded = names.find((name) => name.toLowerCase() === key.toLowerCase());
    if (folded) return folded;
    // Comparing names is slow; who has this many unknown fields made no typing mistake.
    const nearest = this.findings.length < SUGGESTIONS_MAX ? nearestName(key, names) : undefined;
    this.report([...path, key], {
      code: 'unknown-field',
      message: `unknown field "${key}"${path.length === 0 ? '' : ` in ${formatPath(path)}`}`,
      why: `the fields known here are ${names.join(', ')}`,
      fix: nearest ? `did you mean "${nearest}"?` : 'remove it',
    });
    return undefined;
  }

  private value(value: Json, shape: Shape, path: Path): Json {
    if (typeof shape === 'object' && 'unsupported' in shape) {
      const message = `${formatPath(path)} is not supported`;
      this.report(path, { code: 'unsupported', message, fix: shape.unsupported });
      return undefined;
    }
    if (isNull(value) || shape === 'any') return value ?? undefined;
    if (typeof shape === 'string') return this.scalar(value, shape, path);
    if ('fields' in shape) return this.object(value, shape, path);
    if ('list' in shape) return this.list(value, shape.list, path);
    return this.stringMap(value, shape.map, path);
  }

  private object(
    value: Json,
    shape: { fields: Readonly<Record<string, Shape>>; required?: readonly string[] },
    path: Path,
  ): Json {
    const decoded = this.map(value, shape.fields, path);
    for (const name of shape.required ?? []) {
      if (decoded[name] || !isMap(value)) continue;
      this.report(path, { code: 'missing-field', message: `${formatPath(path)} has no ${name}`, fix: `add ${name}` });
    }
    return decoded;
  }

  private list(value: Json, element: Shape, path: Path): Json {
    if (!isList(value)) return this.wrongType(value, 'a list', path);
    const decoded = value.map((item, index) => this.value(item, element, [...path, index]));
    return decoded.map((item) => item ?? (typeof element === 'string' ? '' : {}));
  }

  private stringMap(value: Json, element: Shape, path: Path): Json {
    if (!isMap(value)) return this.wrongType(value, 'a map', path);
    const result: JsonMap = {};
    for (const key of Object.keys(value)) setField(result, key, this.value(value[key], element, [...path, key]) ?? '');
    return result;
  }

  private scalar(value: Json, shape: 'string' | 'boolean' | 'integer', path: Path): Json {
    if (shape === 'integer') return Number.isInteger(value) ? value : this.wrongType(value, 'an integer', path);
    if (typeof value !== shape) return this.wrongType(value, shape === 'string' ? 'a string' : 'true or false', path);
    return value;
  }

  private wrongType(value: Json, expected: string, path: Path): undefined {
    const quote = expected === 'a string' && (typeof value === 'number' || typeof value === 'boolean');
    this.report(path, {
      code: 'wrong-type',
      message: `${formatPath(path)} must be ${expected}, not ${describe(value)}`,
      fix: quote ? 'put the value in quotes' : undefined,
    });
    return undefined;
  }

  private report(path: Path, finding: Pick<Diagnostic, 'code' | 'message' | 'why' | 'fix'>): void {
    const { node, source } = this.document;
    this.findings.push({ ...source.at(offsetOf(node, path)), ...finding });
  }
}

function describe(value: Json): string {
  if (isNull(value)) return 'null';
  if (isList(value)) return 'a list';
  if (isMap(value)) return 'a map';
  return `the ${typeof value} ${JSON.stringify(value)}`;
}

/** `patches[0].target` */
export function formatPath(path: Path): string {
  if (path.length === 0) return 'the document';
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}
