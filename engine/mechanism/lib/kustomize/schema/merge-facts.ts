/** Strategic-merge facts: which list fields of which types merge by key. Data, compiled from an OpenAPI document. */

/** A field: the index of its (element's) type, or for a merging list `[type, ...keys]`; -1 is a type without facts. */
export type FieldFacts = number | readonly [number, ...string[]];
export type TypeFacts = Readonly<Record<string, FieldFacts>>;

export interface MergeFacts {
  /** `apiVersion kind` → index into types. */
  kinds: Readonly<Record<string, number>>;
  /** Name of a definition → index into types, for references from other documents. */
  definitions: Readonly<Record<string, number>>;
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

/** Facts that a document is compiled on top of: it may refer to their definitions. */
export interface MergeBase {
  facts: MergeFacts;
  /** Which one counts when both define a name or a kind. */
  wins: boolean;
}

/** Compiles the `definitions` of an OpenAPI v2 document, on its own or joined with other facts. Rule: kustomize reads `x-kubernetes-patch-strategy` of the
 * resolved field and, when it contains `merge`, takes `x-kubernetes-list-map-keys`, else `x-kubernetes-patch-merge-key`. */
export function compileMergeFacts(definitions: Readonly<Record<string, unknown>>, base?: MergeBase): MergeFacts {
  return new Compiler(definitions as Record<string, OpenApiSchema>, base).compile();
}

class Compiler {
  private readonly definitions: Record<string, OpenApiSchema>;
  private readonly base: MergeBase | undefined;
  private readonly types: Record<string, FieldFacts>[] = [];
  private readonly indexOf = new Map<OpenApiSchema, number>();

  constructor(definitions: Record<string, OpenApiSchema>, base: MergeBase | undefined) {
    this.definitions = definitions;
    this.base = base;
    for (const type of base?.facts.types ?? []) this.types.push(type);
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
    const names: Record<string, number> = {};
    for (const [name, schema] of Object.entries(this.definitions)) {
      const index = typeof schema === 'object' && schema !== null ? this.indexOf.get(schema) : undefined;
      if (index !== undefined) names[name] = index;
    }
    if (!this.base) return { kinds, definitions: names, types: this.types };
    const { facts, wins } = this.base;
    if (!wins) this.redirectBase(facts);
    const join = (own: Record<string, number>, others: Readonly<Record<string, number>>) =>
      wins ? { ...own, ...others } : { ...others, ...own };
    return {
      kinds: join(kinds, facts.kinds),
      definitions: join(names, facts.definitions),
      types: this.types,
    };
  }

  /** References inside the base to a definition that the document redefines lead to the document's. */
  private redirectBase({ types, definitions }: MergeFacts): void {
    const redirected = new Map<number, number>();
    for (const [name, index] of Object.entries(definitions)) {
      const own = Object.hasOwn(this.definitions, name) ? this.definitions[name] : undefined;
      if (own) redirected.set(index, this.typeIndex(own));
    }
    if (redirected.size === 0) return;
    const follow = (index: number) => redirected.get(index) ?? index;
    types.forEach((type, index) => {
      const fields = Object.entries(type).map(([name, field]): [string, FieldFacts] => [
        name,
        typeof field === 'number' ? follow(field) : [follow(field[0]), ...(field.slice(1) as string[])],
      ]);
      this.types[index] = Object.fromEntries(fields);
    });
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
    const schema = this.resolve(property);
    if (schema === undefined || typeof schema === 'number') return schema ?? -1;
    const isArray = schema.type === 'array' || (Array.isArray(schema.type) && schema.type[0] === 'array');
    const element = isArray ? this.resolve(schema.items) : schema;
    const type = this.elementType(element);
    return mergesByKey(schema) ? [type, ...mergeKeys(schema)] : type;
  }

  private elementType(element: OpenApiSchema | number | undefined): number {
    if (element === undefined || typeof element === 'number') return element ?? -1;
    return element.properties || element.additionalProperties ? this.typeIndex(element) : -1;
  }

  /** The schema a chain of references ends at; a number is a type of the base. */
  private resolve(schema: OpenApiSchema | null | undefined): OpenApiSchema | number | undefined {
    let current = schema;
    for (let hops = 0; typeof current?.$ref === 'string' && hops < 32; hops++) {
      const name = current.$ref.replace('#/definitions/', '');
      const own = Object.hasOwn(this.definitions, name) ? this.definitions[name] : undefined;
      const base = this.base?.facts.definitions;
      const other = base && Object.hasOwn(base, name) ? base[name] : undefined;
      if (other !== undefined && (own === undefined || this.base?.wins)) return other;
      current = own;
    }
    return typeof current === 'object' && current !== null ? current : undefined;
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
  const definitions: Record<string, number> = {};
  for (const [name, index] of Object.entries(facts.definitions)) {
    if (useful.has(index)) definitions[name] = renumber(index);
  }
  return { kinds, definitions, types };
}
