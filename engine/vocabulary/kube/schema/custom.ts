import table from './custom-types.json' with { type: 'json' };

/** What a value of a custom kind is made of: the name of a scalar, or a node. */
export type CustomType =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'intOrString'
  | 'any'
  | { fields: ReadonlyMap<string, CustomTypeReference>; required: readonly string[]; open: boolean }
  | { list: CustomTypeReference }
  | { map: CustomTypeReference }
  | { choices: readonly unknown[] };

/** Resolved with `customType`, so that recursive schemas stay finite. */
export type CustomTypeReference = string | number;

const KINDS = table.kinds as Readonly<Record<string, CustomTypeReference>>;
const PARSED = new Map<CustomTypeReference, CustomType>();

/** The type of a custom kind by its definition, or undefined for kinds whose definition is not at hand. */
export function customTypeOfKind(apiVersion: string, kind: string): CustomType | undefined {
  const reference = KINDS[`${apiVersion} ${kind}`];
  return reference === undefined ? undefined : customType(reference);
}

/** Kinds of a group that are known: `argoproj.io/v1alpha1 Rollout`, … */
export function customKinds(): readonly string[] {
  return Object.keys(KINDS);
}

export function customType(reference: CustomTypeReference): CustomType {
  if (typeof reference === 'string') return reference as CustomType;
  const known = PARSED.get(reference);
  if (known !== undefined) return known;
  const node = table.nodes[reference] as Record<string, unknown>;
  const parsed =
    node.fields === undefined
      ? (node as unknown as CustomType)
      : {
          fields: new Map(Object.entries(node.fields as Record<string, CustomTypeReference>)),
          required: (node.required ?? []) as readonly string[],
          open: node.open === true,
        };
  PARSED.set(reference, parsed);
  return parsed;
}
