import { type CustomType, customType, customTypeOfKind } from '../../engine/vocabulary/kube/schema/custom.ts';
import { schemaOfKind, schemaOfType, type TypeSchema } from '../../engine/vocabulary/kube/schema/schema.ts';

/** One view of the types of built-in and custom kinds. */
export type TypeNode =
  | { is: 'struct'; fields: ReadonlyMap<string, () => TypeNode>; required: readonly string[]; open: boolean }
  | { is: 'list' | 'map'; element: () => TypeNode }
  | { is: 'choices'; choices: readonly unknown[] }
  | { is: 'scalar'; name: string };

const ANY: TypeNode = { is: 'scalar', name: 'any' };

/** The type of a kind, or undefined when nothing is known about it. */
export function typeOfKind(apiVersion: string, kind: string): TypeNode | undefined {
  const builtIn = schemaOfKind(apiVersion, kind);
  if (builtIn !== undefined) return withTypeMeta(structOf(builtIn));
  const custom = customTypeOfKind(apiVersion, kind);
  return custom === undefined ? undefined : withMetadata(nodeOf(custom));
}

type Struct = Extract<TypeNode, { is: 'struct' }>;

function withTypeMeta(struct: Struct): Struct {
  const text = (): TypeNode => ({ is: 'scalar', name: 'string' });
  return { ...struct, fields: new Map([...struct.fields, ['apiVersion', text], ['kind', text]]) };
}

/** Definitions leave metadata to the API server. A Rollout's pod is a pod. */
function withMetadata(node: TypeNode): TypeNode {
  if (node.is !== 'struct') return node;
  const metadata = schemaOfType('meta.v1.ObjectMeta');
  const fields = new Map(node.fields);
  if (metadata !== undefined) fields.set('metadata', () => structOf(metadata));
  return { ...withTypeMeta({ ...node, fields }) };
}

const STRUCTS = new Map<TypeSchema, Struct>();

function structOf(schema: TypeSchema): Struct {
  const known = STRUCTS.get(schema);
  if (known !== undefined) return known;
  const fields = new Map<string, () => TypeNode>();
  for (const [name, { container, element }] of schema.fields) {
    const inner = () => elementOf(element);
    fields.set(name, () => (container === 'none' ? inner() : { is: container, element: inner }));
  }
  // Claim templates are whole objects inside a list.
  const isEmbedded = schema.fields.get('metadata')?.element === 'meta.v1.ObjectMeta';
  const struct: Struct = { is: 'struct', fields, required: [], open: false };
  const result = isEmbedded ? withTypeMeta(struct) : struct;
  STRUCTS.set(schema, result);
  return result;
}

function elementOf(name: string): TypeNode {
  const schema = schemaOfType(name);
  return schema === undefined ? { is: 'scalar', name } : structOf(schema);
}

const NODES = new Map<CustomType, TypeNode>();

function nodeOf(type: CustomType): TypeNode {
  if (typeof type === 'string') return type === 'any' ? ANY : { is: 'scalar', name: type };
  const known = NODES.get(type);
  if (known !== undefined) return known;
  const node = convert(type);
  NODES.set(type, node);
  return node;
}

function convert(type: Exclude<CustomType, string>): TypeNode {
  if ('choices' in type) return { is: 'choices', choices: type.choices };
  if ('list' in type) return { is: 'list', element: () => nodeOf(customType(type.list)) };
  if ('map' in type) return { is: 'map', element: () => nodeOf(customType(type.map)) };
  const fields = new Map([...type.fields].map(([name, field]) => [name, () => nodeOf(customType(field))] as const));
  return { is: 'struct', fields, required: type.required, open: type.open };
}
