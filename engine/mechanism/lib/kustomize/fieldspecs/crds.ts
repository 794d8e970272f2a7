/** The `crds` field: OpenAPI definitions whose `x-kubernetes-*` marks extend the field tables. */
import type { FieldSpec } from '../kustomization/types.ts';
import type { FieldTables, NameReference } from './tables.ts';

interface Property {
  $ref?: string;
  [mark: `x-kubernetes-${string}`]: unknown;
}

type Definitions = Readonly<Record<string, { Schema?: { properties?: Record<string, Property> } }>>;

/** The tables a document of definitions (`{name: {Schema: {properties}}}`) stands for. */
export function readCrdTables(definitions: Definitions): Partial<FieldTables> {
  const reader = new CrdReader(definitions);
  for (const [name, definition] of Object.entries(definitions)) {
    const properties = definition.Schema?.properties ?? {};
    const isKind = ['kind', 'apiVersion', 'metadata'].every((field) => Object.hasOwn(properties, field));
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
    for (const [name, property] of Object.entries(this.definitions[type]?.Schema?.properties ?? {})) {
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
      if (property.$ref) this.read(kind, property.$ref, [...path, name], new Set([...open, type]));
    }
  }
}

function has(property: Property, mark: string): boolean {
  return typeof property[`x-kubernetes-${mark}`] === 'string';
}
