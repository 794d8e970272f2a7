/**
 * Writes custom-types.json: the fields of the custom kinds that trees of Argo CD use, as data, from the projects' own
 * CustomResourceDefinitions. Run: node custom-types.ts CRD.yaml… > ../custom-types.json
 *
 * Made from argo-cd v3.6.1, argo-rollouts v1.9.1, prometheus-operator v0.85.0, external-secrets v1.3.2, gateway-api v1.4.1.
 */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  enum?: unknown[];
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
}

interface Definition {
  kind?: string;
  spec?: {
    group: string;
    names: { kind: string };
    versions: { name: string; served: boolean; schema?: { openAPIV3Schema?: JsonSchema } }[];
  };
}

type Reference = string | number;

const nodes: unknown[] = [];
const byText = new Map<string, number>();

/** Structurally equal schemas become one node. */
function intern(node: unknown): number {
  const text = JSON.stringify(node);
  const known = byText.get(text);
  if (known !== undefined) return known;
  nodes.push(node);
  byText.set(text, nodes.length - 1);
  return nodes.length - 1;
}

function encode(schema: JsonSchema): Reference {
  if (schema['x-kubernetes-int-or-string'] === true) return 'intOrString';
  if (schema['x-kubernetes-embedded-resource'] === true) return 'any';
  if (schema.properties !== undefined) return encodeObject(schema);
  const { type, items, additionalProperties, enum: choices } = schema;
  if (type === 'array') return intern({ list: encode(items ?? {}) });
  if (type === 'object' && typeof additionalProperties === 'object')
    return intern({ map: encode(additionalProperties) });
  if (type === 'string' && choices !== undefined) return intern({ choices });
  return type === undefined || type === 'object' ? 'any' : type;
}

function encodeObject({ properties = {}, required = [], ...schema }: JsonSchema): number {
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true;
  const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, encode(field)]));
  return intern({ fields, ...(required.length === 0 ? {} : { required }), ...(isOpen ? { open: true } : {}) });
}

const kinds: Record<string, Reference> = {};
for (const file of process.argv.slice(2)) {
  for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
    const { kind, spec } = (document.toJS() ?? {}) as Definition;
    if (kind !== 'CustomResourceDefinition' || spec === undefined) continue;
    for (const { name, served, schema } of spec.versions) {
      if (!served || schema?.openAPIV3Schema?.properties === undefined) continue;
      // Metadata is the same for all kinds, and status is nobody's to write in git.
      const { metadata: _metadata, status: _status, ...properties } = schema.openAPIV3Schema.properties;
      const object = { ...schema.openAPIV3Schema, properties: { ...properties, metadata: {}, status: {} } };
      kinds[`${spec.group}/${name} ${spec.names.kind}`] = encode(object);
    }
  }
}
process.stdout.write(`${JSON.stringify({ kinds, nodes })}\n`);
