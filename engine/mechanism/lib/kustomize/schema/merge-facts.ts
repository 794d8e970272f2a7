/** Strategic-merge facts: which list fields of which types merge by key. Data, compiled from an OpenAPI document. */

/** A field: the index of its (element's) type, or for a merging list `[type, ...keys]`; -1 is a type without facts. */
export type FieldFacts = number | readonly [number, ...string[]];
export type TypeFacts = Readonly<Record<string, FieldFacts>>;

export interface MergeFacts {
  /** `apiVersion kind` → index into types. */
  kinds: Readonly<Record<string, number>>;
  /** Field facts per type; `*` stands for every field of a string map. */
  types: readonly TypeFacts[];
}

interface OpenApiSchema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, OpenApiSchema>;
  items?: OpenApiSchema;
  additionalProperties?: OpenApiSchema | boolean;
  [extension: `x-${string}`]: unknown;
}

interface GroupVersionKind {
  group?: string;
  version?: string;
  kind?: string;
}

/** Compiles the `definitions` of an OpenAPI v2 document. Rule: kustomize reads `x-kubernetes-patch-strategy` of the
 * resolved field and, when it contains `merge`, takes `x-kubernetes-list-map-keys`, else `x-kubernetes-patch-merge-key`. */
export function compileMergeFacts(definitions: Readonly<Record<string, unknown>>): MergeFacts {
  return new Compiler(definitions as Record<string, OpenApiSchema>).compile();
}

class Compiler {
  private readonly definitions: Record<string, OpenApiSchema>;
  private readonly types: Record<string, FieldFacts>[] = [];
  private readonly indexOf = new Map<OpenApiSchema, number>();

  constructor(definitions: Record<string, OpenApiSchema>) {
    this.definitions = definitions;
  }

  compile(): MergeFacts {
    const kinds: Record<string, number> = {};
    for (const name of Object.keys(this.definitions).sort()) {
      const schema = this.definitions[name];
      const gvks = schema?.['x-kubernetes-group-version-kind'];
      if (!schema || !Array.isArray(gvks)) continue;
      for (const gvk of gvks as (GroupVersionKind | null)[]) {
        if (!gvk) continue;
        const apiVersion = gvk.group ? `${gvk.group}/${gvk.version}` : `${gvk.version}`;
        kinds[`${apiVersion} ${gvk.kind}`] = this.typeIndex(schema);
      }
    }
    return { kinds, types: this.types };
  }

  private typeIndex(schema: OpenApiSchema): number {
    const known = this.indexOf.get(schema);
    if (known !== undefined) return known;
    const facts: Record<string, FieldFacts> = {};
    const index = this.types.push(facts) - 1;
    this.indexOf.set(schema, index);
    for (const [name, property] of Object.entries(schema.properties ?? {})) facts[name] = this.field(property);
    if (typeof schema.additionalProperties === 'object') facts['*'] = this.field(schema.additionalProperties);
    return index;
  }

  private field(property: OpenApiSchema | null): FieldFacts {
    if (typeof property !== 'object' || property === null) return -1;
    const schema = this.resolve(property);
    if (!schema) return -1;
    const isArray = schema.type === 'array' || (Array.isArray(schema.type) && schema.type[0] === 'array');
    const element = isArray ? schema.items && this.resolve(schema.items) : schema;
    const type = element && (element.properties || element.additionalProperties) ? this.typeIndex(element) : -1;
    return mergesByKey(schema) ? [type, ...mergeKeys(schema)] : type;
  }

  private resolve(schema: OpenApiSchema): OpenApiSchema | undefined {
    let current: OpenApiSchema | undefined = schema;
    for (let hops = 0; typeof current?.$ref === 'string' && hops < 32; hops++) {
      current = this.definitions[(current.$ref as string).replace('#/definitions/', '')];
    }
    return current;
  }
}

function mergesByKey(schema: OpenApiSchema): boolean {
  const strategy = schema['x-kubernetes-patch-strategy'];
  return typeof strategy === 'string' && strategy.split(',').includes('merge');
}

function mergeKeys(schema: OpenApiSchema): string[] {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (Array.isArray(keys)) return keys.map(String);
  const key = schema['x-kubernetes-patch-merge-key'];
  return typeof key === 'string' ? [key] : [];
}

/** Drops everything from which no merging list can be reached; keeps the meaning. */
export function pruneMergeFacts(facts: MergeFacts): MergeFacts {
  const useful = new Set<number>();
  for (let size = -1; size !== useful.size; ) {
    size = useful.size;
    facts.types.forEach((type, index) => {
      if (Object.values(type).some((field) => Array.isArray(field) || useful.has(field as number))) useful.add(index);
    });
  }
  const order = [...useful].sort((a, b) => a - b);
  const renumber = (index: number) => order.indexOf(index);
  const types = order.map((index) => {
    const kept: Record<string, FieldFacts> = {};
    for (const [name, field] of Object.entries(facts.types[index] ?? {})) {
      if (typeof field !== 'number') kept[name] = [renumber(field[0]), ...(field.slice(1) as string[])];
      else if (useful.has(field)) kept[name] = renumber(field);
    }
    return kept;
  });
  const kinds: Record<string, number> = {};
  for (const [kind, index] of Object.entries(facts.kinds)) if (useful.has(index)) kinds[kind] = renumber(index);
  return { kinds, types };
}
