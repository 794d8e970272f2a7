import * as z from 'zod';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

/** Statuses that any route may answer with. */
const EVERYWHERE: Record<number, string> = {
  400: 'The request could not be read',
  405: 'The path exists, the method does not',
  500: 'Failed unexpectedly',
  503: 'The database is away; Retry-After says when to come back',
};
const OF_BODIES: Record<number, string> = { 413: 'The body is too large', 415: 'The body is not JSON' };
const OF_LIMITS: Record<number, string> = { 429: 'Too many; Retry-After says when to come back' };
const NAMED: Record<number, string> = {
  401: 'No valid token',
  403: 'Not the owner',
  404: 'There is no such thing',
  409: 'Already taken',
  422: 'Wrong values, by field',
};

const errorSchema = z
  .object({ code: z.string(), errors: z.record(z.string(), z.array(z.string())), requestId: z.string().optional() })
  .meta({ id: 'Error' });

/**
 * The OpenAPI 3.1 document of declared routes.
 *
 * @param info title and version of the API
 */
export function computeOpenApi(routes: readonly Route[], info: { title: string; version: string }): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: { ...info, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      schemas,
      securitySchemes: {
        Token: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'The word `Token`, a space, the JWT',
        },
      },
    },
  };
}

function operationOf(route: Route, schemas: Json): Json {
  const parameters = [...parametersOf(route.params, 'path', schemas), ...parametersOf(route.query, 'query', schemas)];
  const token = { Token: [] };
  return {
    operationId: route.operation,
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(route.body, 'input', schemas) } }),
    responses: responsesOf(route, schemas),
    ...(route.viewer === 'none' ? {} : { security: route.viewer === 'required' ? [token] : [token, {}] }),
  };
}

function responsesOf(route: Route, schemas: Json): Json {
  const { status, body } = route.success;
  const texts: Record<number, string> = { ...EVERYWHERE };
  if (route.body !== undefined) Object.assign(texts, OF_BODIES);
  if (route.method !== 'get') Object.assign(texts, OF_LIMITS);
  for (const failure of route.failures) texts[failure] = NAMED[failure] ?? '';
  const content = contentOf(errorSchema, 'output', schemas);
  const failures = Object.entries(texts).map(([code, description]) => [code, { description, content }]);
  const success = {
    description: 'Done',
    ...(body === undefined ? {} : { content: contentOf(body, 'output', schemas) }),
  };
  return Object.fromEntries([[String(status), success], ...failures]);
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query', schemas: Json): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input', schemas) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, value]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: value,
  }));
}

function contentOf(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  return { 'application/json': { schema: schemaOf(schema, io, schemas) } };
}

/** The JSON Schema of a zod schema; those with an id move to the document's components. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const {
    $schema: _,
    $defs = {},
    ...own
  } = z.toJSONSchema(schema, { io, override: useWireForm }) as Json & {
    $defs?: Json;
  };
  for (const [name, definition] of Object.entries($defs)) schemas[name] ??= movedRefs(definition);
  const { id, ...rest } = own;
  if (typeof id !== 'string') return movedRefs(own) as Json;
  schemas[id] ??= movedRefs(rest);
  return { $ref: `#/components/schemas/${id}` };
}

/** A number in a query is text to zod and a number to everybody else. */
function useWireForm({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: Json }): void {
  const { wire } = (z.globalRegistry.get(zodSchema) ?? {}) as { wire?: Json };
  if (wire === undefined) return;
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  Object.assign(jsonSchema, wire);
}

function movedRefs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(movedRefs);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // The name of a schema, and not a property that is called "id": that one is a schema.
      .filter(([key, inner]) => key !== 'id' || typeof inner !== 'string')
      .map(([key, inner]) =>
        key === '$ref' && typeof inner === 'string'
          ? [key, inner.replace('#/$defs/', '#/components/schemas/')]
          : [key, movedRefs(inner)],
      ),
  );
}
