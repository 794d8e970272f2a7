/** The `crds` field: OpenAPI definitions whose `x-kubernetes-*` marks extend the field tables. */
import type { FieldSpec } from '../kustomization/types.ts';
import { isMap, type Json } from '../types.ts';
import type { FieldTables, NameReference } from './tables.ts';

type Definitions = Readonly<Record<string, Json>>;

/** The properties of one definition; anything malformed has none. */
function propertiesOf(definition: Json): [name: string, property: Record<string, Json>][] {
  const schema = isMap(definition) ? definition.Schema : undefined;
  const properties = isMap(schema) ? schema.properties : undefined;
  if (!isMap(properties)) return [];
  return Object.entries(properties).filter((entry): entry is [string, Record<string, Json>] => isMap(entry[1]));
}

/** The tables a document of definitions (`{name: {Schema: {properties}}}`) stands for. */
export function readCrdTables(definitions: Definitions): Partial<FieldTables> {
  const reader = new CrdReader(definitions);
  for (const [name, definition] of Object.entries(definitions)) {
    const names = propertiesOf(definition).map(([field]) => field);
    const isKind = ['kind', 'apiVersion', 'metadata'].every((field) => names.includes(field));
    if (isKind) reader.read(name.slice(name.lastIndexOf('.') + 1), name, [], new Set());
  }
  return reader.tables;
}

class CrdReader {
  private readonly definitions: Definitions;
  readonly tables = {
    commonAnnotations: [] as FieldSpec[],
    commonLabels: [] as FieldSpec[],
    namePrefix: [] as FieldSpec[],
    nameReference: [] as NameReference[],
  };

  constructor(definitions: Definitions) {
    this.definitions = definitions;
  }

  read(kind: string, type: string, path: readonly string[], open: ReadonlySet<string>): void {
    if (open.has(type)) return;
    for (const [name, property] of propertiesOf(this.definitions[type])) {
      const spec: FieldSpec = { kind, path: [...path, name].join('/') };
      if (has(property, 'annotation')) this.tables.commonAnnotations.push(spec);
      if (has(property, 'label-selector')) this.tables.commonLabels.push(spec);
      if (has(property, 'identity')) this.tables.namePrefix.push(spec);
      const [version, target] = [
        property['x-kubernetes-object-ref-api-version'],
        property['x-kubernetes-object-ref-kind'],
      ];
      if (typeof version === 'string' && typeof target === 'string') {
        const key = property['x-kubernetes-object-ref-name-key'];
        const field = { kind, path: `${spec.path}/${typeof key === 'string' ? key : 'name'}` };
        this.tables.nameReference.push({ kind: target, version, referrers: [field] });
      }
      if (typeof property.$ref === 'string') this.read(kind, property.$ref, [...path, name], new Set([...open, type]));
    }
  }
}

function has(property: Record<string, Json>, mark: string): boolean {
  return typeof property[`x-kubernetes-${mark}`] === 'string';
}
