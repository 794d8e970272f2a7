import { type FieldSchema, schemaOfKind, schemaOfType, type TypeSchema } from '#kube/schema/schema.ts';
import { groupVersions, servedKinds } from './discovery.ts';

/** `GET /openapi/v3`: where the document of each group version is. */
export function openApiIndex(): unknown {
  const paths = groupVersions().map(({ group, version }) => {
    const path = group === '' ? `api/${version}` : `apis/${group}/${version}`;
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=1` }];
  });
  return { paths: Object.fromEntries(paths) };
}

/**
 * The OpenAPI 3.0 document of a group version (kubernetes-api.md §7.2): schemas with fields and types for built-in kinds,
 * open ones for custom kinds, and the operations that tell kubectl that this server validates fields itself.
 */
export function openApiDocument(group: string, version: string): unknown {
  const kinds = servedKinds(group, version);
  if (!groupVersions().some((item) => item.group === group && item.version === version)) return undefined;
  const schemas: Record<string, unknown> = {};
  const paths: Record<string, unknown> = {};
  for (const { kind, apiVersion } of kinds) {
    const gvk = { group, version, kind: kind.kind };
    const schema = schemaOfKind(apiVersion, kind.kind);
    const name = schema === undefined ? `${group}.${version}.${kind.kind}` : schema.name;
    schemas[name] = { ...objectSchema(schema, schemas, true), 'x-kubernetes-group-version-kind': [gvk] };
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const collection = kind.namespaced ? `${root}/namespaces/{namespace}/${kind.plural}` : `${root}/${kind.plural}`;
    paths[collection] = { post: operation(gvk, name, 'post') };
    paths[`${collection}/{name}`] = {
      get: operation(gvk, name, 'get'),
      put: operation(gvk, name, 'put'),
      patch: operation(gvk, name, 'patch'),
    };
  }
  return {
    openapi: '3.0.0',
    info: { title: 'pern-gitops engine', version: '1.35' },
    paths,
    components: { schemas },
  };
}

function operation(gvk: unknown, schema: string, action: string): unknown {
  const parameter = (name: string) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } };
  return {
    parameters: action === 'get' ? [] : ['dryRun', 'fieldManager', 'fieldValidation'].map(parameter),
    responses: { 200: { description: 'OK', content } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  };
}

function objectSchema(
  schema: TypeSchema | undefined,
  schemas: Record<string, unknown>,
  isRoot: boolean,
): Record<string, unknown> {
  const typeMeta = isRoot ? { apiVersion: { type: 'string' }, kind: { type: 'string' } } : {};
  if (schema === undefined) {
    const properties = {
      ...typeMeta,
      metadata: reference('meta.v1.ObjectMeta', schemas),
      spec: openObject(),
      status: openObject(),
    };
    return { type: 'object', properties, 'x-kubernetes-preserve-unknown-fields': true };
  }
  const properties: Record<string, unknown> = { ...typeMeta };
  const required: string[] = [];
  for (const [name, field] of [...schema.fields].sort(([left], [right]) => (left < right ? -1 : 1))) {
    properties[name] = fieldSchema(field, schemas);
    if (!field.optional && !field.inline && !isRoot) required.push(name);
  }
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

function openObject() {
  return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
}

function reference(type: string, schemas: Record<string, unknown>): Record<string, unknown> {
  if (schemas[type] === undefined) {
    schemas[type] = {};
    schemas[type] = objectSchema(schemaOfType(type), schemas, false);
  }
  return { allOf: [{ $ref: `#/components/schemas/${type}` }] };
}

function fieldSchema(field: FieldSchema, schemas: Record<string, unknown>): Record<string, unknown> {
  const element =
    schemaOfType(field.element) === undefined ? scalarSchema(field.element) : reference(field.element, schemas);
  const strategies = [...(field.merges ? ['merge'] : []), ...(field.retainsKeys ? ['retainKeys'] : [])];
  const extensions = {
    ...(strategies.length > 0 ? { 'x-kubernetes-patch-strategy': strategies.join(',') } : {}),
    ...(field.mergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': field.mergeKey }),
    ...(field.container === 'list' ? { 'x-kubernetes-list-type': field.listType } : {}),
    ...(field.listKeys.length > 0 ? { 'x-kubernetes-list-map-keys': field.listKeys } : {}),
    ...(field.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
  if (field.container === 'list') return { type: 'array', items: element, ...extensions };
  if (field.container === 'map') return { type: 'object', additionalProperties: element, ...extensions };
  return { ...element, ...extensions };
}

function scalarSchema(type: string): Record<string, unknown> {
  switch (type) {
    case 'bool':
      return { type: 'boolean' };
    case 'int32':
    case 'int64':
      return { type: 'integer', format: type };
    case 'bytes':
      return { type: 'string', format: 'byte' };
    case 'Time':
    case 'MicroTime':
      return { type: 'string', format: 'date-time' };
    case 'IntOrString':
      return {
        oneOf: [{ type: 'integer' }, { type: 'string' }],
        format: 'int-or-string',
        'x-kubernetes-int-or-string': true,
      };
    case 'Quantity':
      return { oneOf: [{ type: 'string' }, { type: 'number' }] };
    case 'Raw':
    case 'FieldsV1':
      return openObject();
    default:
      return { type: 'string' };
  }
}
