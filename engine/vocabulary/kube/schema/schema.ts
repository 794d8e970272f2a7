import table from './kubernetes-types.json' with { type: 'json' };

/** What a value is made of: a scalar's name (`string`, `int32`, `Quantity`, …) or the schema of a struct. */
export interface FieldSchema {
  /** Number on the protobuf wire. */
  number: number;
  container: 'none' | 'list' | 'map';
  /** Scalar name or struct name of the value, or of the elements of a list or map. */
  element: string;
  /** The value is a pointer in Go: absent and zero are different things. */
  pointer: boolean;
  optional: boolean;
  /** Strategic merge: lists merge, maps may retain keys. */
  merges: boolean;
  retainsKeys: boolean;
  mergeKey: string | undefined;
  /** Server-side apply: how the elements of a list are told apart. */
  listType: 'atomic' | 'map' | 'set';
  listKeys: readonly string[];
  /** Owned and replaced as one value. */
  atomic: boolean;
  /** Members of this field's struct appear in the parent object itself. */
  inline: boolean;
}

export interface TypeSchema {
  name: string;
  /** Fields as they appear in JSON: inlined structs are opened up. */
  fields: ReadonlyMap<string, FieldSchema>;
  /** Fields as they appear on the wire, inlined structs closed. */
  wire: ReadonlyMap<number, { name: string; field: FieldSchema }>;
}

const KINDS = table.kinds as Readonly<Record<string, string>>;
const TYPES = table.types as unknown as Readonly<Record<string, Readonly<Record<string, string>>>>;
const PARSED = new Map<string, TypeSchema>();

/** The schema of a built-in kind the engine knows, or undefined (custom resources have none). */
export function schemaOfKind(apiVersion: string, kind: string): TypeSchema | undefined {
  const name = KINDS[`${apiVersion} ${kind}`];
  return name === undefined ? undefined : schemaOfType(name);
}

/** The schema of a struct by its name in the table; undefined for scalars. */
export function schemaOfType(name: string): TypeSchema | undefined {
  const known = PARSED.get(name);
  if (known !== undefined) return known;
  const rows = TYPES[name];
  if (rows === undefined) return undefined;
  const fields = new Map<string, FieldSchema>();
  const wire = new Map<number, { name: string; field: FieldSchema }>();
  const schema: TypeSchema = { name, fields, wire };
  PARSED.set(name, schema);
  for (const [key, text] of Object.entries(rows)) {
    const field = parseField(key, text);
    wire.set(field.number, { name: key, field });
    if (field.inline) for (const [inner, value] of schemaOfType(field.element)?.fields ?? []) fields.set(inner, value);
    else fields.set(key, field);
  }
  return schema;
}

function parseField(key: string, text: string): FieldSchema {
  const [number, notation, ...words] = text.split(' ') as [string, string, ...string[]];
  const option = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const patch = option('patch')?.split(',') ?? [];
  const pointer = notation.startsWith('*');
  const type = pointer ? notation.slice(1) : notation;
  const container = type.startsWith('[]') ? 'list' : type.startsWith('map[string]') ? 'map' : 'none';
  const inner = container === 'list' ? type.slice(2) : container === 'map' ? type.slice('map[string]'.length) : type;
  return {
    number: Number(number),
    container,
    element: inner.startsWith('*') ? inner.slice(1) : inner,
    pointer,
    optional: words.includes('optional'),
    merges: patch.includes('merge'),
    retainsKeys: patch.includes('retainKeys'),
    mergeKey: option('key'),
    listType: (option('list') as FieldSchema['listType'] | undefined) ?? 'atomic',
    listKeys: option('keys')?.split(',') ?? [],
    atomic: words.includes('atomic'),
    inline: key.startsWith('+'),
  };
}
