import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JSONPatchDocument } from 'immutable-json-patch';
import { ApiError, invalid } from '#api/errors.ts';
import { applyPatch, type Patch } from '#api/patch.ts';
import type { DeleteOptions, WriteOptions } from '#api/resources.ts';
import { isRecord } from '#core/json.ts';
import { apiVersionOf, type ObjectRef, type ResourceKind } from '#kube/kinds.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { schemaOfKind } from '#kube/schema/schema.ts';
import { readTyped } from '#kube/schema/typed.ts';
import { decodeObject, mediaTypeOf, parseJson, parseYaml, readBody, unsupportedMediaType } from './body.ts';
import type { ClientResources } from './guarded-resources.ts';
import { wholeNumber } from './lists.ts';
import type { Target } from './request-target.ts';

/** A request that writes. */
export interface WriteRequest {
  request: IncomingMessage;
  response: ServerResponse;
  target: Target;
  query: URLSearchParams;
}

type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** The options every write has in its query. Throws ApiError for values that are not known. */
export function writeOptions({ request, target, query }: WriteRequest): WriteOptions {
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((value) => value !== 'All' && value !== '')) {
    throw new ApiError('Invalid', `dryRun: Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`);
  }
  const fieldManager = query.get('fieldManager') ?? (request.headers['user-agent'] ?? 'unknown').split('/', 1)[0];
  if ((fieldManager?.length ?? 0) > 128) {
    throw new ApiError('Invalid', 'fieldManager: Too long: may not be more than 128 bytes');
  }
  return {
    fieldManager,
    dryRun: dryRun.includes('All'),
    ...(target.subresource === 'status' ? { subresource: 'status' as const } : {}),
  };
}

function fieldValidation(query: URLSearchParams): FieldValidation {
  const value = query.get('fieldValidation') || 'Warn';
  if (value === 'Strict' || value === 'Warn' || value === 'Ignore') return value;
  throw new ApiError(
    'Invalid',
    `fieldValidation: Unsupported value: "${value}": supported values: "Ignore", "Strict", "Warn"`,
  );
}

/** Reads the body of a POST or PUT as an object of the target's kind, checked against the URL. */
export async function readManifest(write: WriteRequest): Promise<Manifest> {
  const { request, target } = write;
  const body = decodeObject(await readBody(request), mediaTypeOf(request));
  const { kind } = target;
  const apiVersion = apiVersionOf(kind);
  if (body.kind !== undefined && (body.kind !== kind.kind || body.apiVersion !== apiVersion)) {
    throw new ApiError(
      'BadRequest',
      `the object provided is unrecognized (must be of type ${kind.kind} in ${apiVersion}): it is ${String(body.kind)} in ${String(body.apiVersion)}`,
    );
  }
  if (body.metadata !== undefined && !isRecord(body.metadata))
    throw new ApiError('BadRequest', 'metadata must be an object');
  const metadata = withUrlIdentity(target, (body.metadata ?? {}) as Manifest['metadata']);
  return checkedFields(write, { ...body, apiVersion, kind: kind.kind, metadata });
}

function withUrlIdentity(target: Target, metadata: Manifest['metadata']): Manifest['metadata'] {
  const { namespace, name } = target;
  if (
    namespace !== undefined &&
    metadata.namespace !== undefined &&
    metadata.namespace !== '' &&
    metadata.namespace !== namespace
  ) {
    throw new ApiError(
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (name !== undefined && metadata.name !== undefined && metadata.name !== name) {
    throw new ApiError(
      'BadRequest',
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  return { ...metadata, ...(namespace === undefined ? {} : { namespace }), ...(name === undefined ? {} : { name }) };
}

/**
 * Unknown fields of built-in kinds: refused (Strict), dropped with a warning (Warn) or dropped (Ignore). Custom kinds
 * have no schema here; their fields are kept and checked by the controllers that read them.
 */
function checkedFields({ query, response }: WriteRequest, manifest: Manifest): Manifest {
  const mode = fieldValidation(query);
  const schema = schemaOfKind(manifest.apiVersion, manifest.kind);
  if (schema === undefined) return manifest;
  const { value, unknown, mistyped } = readTyped(manifest, schema);
  // Wrong types are refused by admission, which sees the object as it was sent.
  if (mistyped.length > 0) return manifest;
  reportUnknown(mode, response, manifest, unknown);
  return value as unknown as Manifest;
}

function reportUnknown(
  mode: FieldValidation,
  response: ServerResponse,
  object: { apiVersion: string; kind: string },
  unknown: readonly string[],
): void {
  if (unknown.length === 0 || mode === 'Ignore') return;
  const texts = unknown.map((path) => `unknown field "${path}"`);
  if (mode === 'Warn') {
    addWarnings(response, texts);
    return;
  }
  const version = object.apiVersion.slice(object.apiVersion.indexOf('/') + 1);
  throw new ApiError(
    'BadRequest',
    `${object.kind} in version "${version}" cannot be handled as a ${object.kind}: strict decoding error: ${texts.join(', ')}`,
  );
}

/** Warnings of this answer, beside those it has already. */
export function addWarnings(response: ServerResponse, texts: readonly string[]): void {
  for (const text of texts) response.appendHeader('warning', `299 - ${JSON.stringify(asciiOf(text))}`);
}

/** Header values carry no control characters and nothing beyond ASCII. */
function asciiOf(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/** Custom resources cannot be replaced without saying which version is replaced (kubernetes-api.md §4.3). */
export function requireVersion(kind: ResourceKind, manifest: Manifest): void {
  const needsVersion =
    kind.custom || kind.id === 'Lease.coordination.k8s.io' || kind.id === 'PodDisruptionBudget.policy';
  if (!needsVersion || (manifest.metadata.resourceVersion ?? '') !== '') return;
  throw invalid(kind, manifest.metadata.name ?? '', [
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0: must be specified for an update',
      field: 'metadata.resourceVersion',
    },
  ]);
}

/** Reads the body of a PATCH by its content type. */
export async function readPatch({ request }: WriteRequest): Promise<Patch> {
  const mediaType = mediaTypeOf(request);
  const body = await readBody(request);
  switch (mediaType) {
    case 'application/json-patch+json':
      return { type: 'json', operations: operationsOf(parseJson(body)) };
    case 'application/merge-patch+json':
      return { type: 'merge', patch: patchObject(parseJson(body)) };
    case 'application/strategic-merge-patch+json':
      return { type: 'strategic', patch: patchObject(parseJson(body)) };
    case 'application/apply-patch+yaml':
      parseYaml(body);
      throw new ApiError(
        'UnsupportedMediaType',
        'server-side apply (application/apply-patch+yaml) is not supported by this engine: it does not track field ownership; use client-side apply (kubectl apply without --server-side)',
      );
    default:
      throw unsupportedMediaType([
        'application/json-patch+json',
        'application/merge-patch+json',
        'application/strategic-merge-patch+json',
      ]);
  }
}

function patchObject(value: unknown): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new ApiError('BadRequest', 'the patch must be a JSON object');
}

const OPERATIONS = ['add', 'copy', 'move', 'remove', 'replace', 'test'];

function operationsOf(value: unknown): JSONPatchDocument {
  if (!Array.isArray(value)) throw new ApiError('BadRequest', 'a JSON patch must be a list of operations');
  for (const [index, operation] of value.entries()) {
    const wellFormed =
      isRecord(operation) &&
      OPERATIONS.includes(String(operation.op)) &&
      typeof operation.path === 'string' &&
      /^(\/|$)/.test(operation.path);
    if (!wellFormed)
      throw new ApiError('BadRequest', `operation ${index} of the JSON patch needs a known "op" and a "path"`);
    const needsFrom = operation.op === 'move' || operation.op === 'copy';
    if (needsFrom && typeof operation.from !== 'string') {
      throw new ApiError('BadRequest', `operation ${index} of the JSON patch needs "from"`);
    }
  }
  return value as JSONPatchDocument;
}

/** Checks the fields that a patch brings in, then applies it. */
export function patchObjectOf(
  resources: ClientResources,
  write: WriteRequest,
  ref: ObjectRef,
  patch: Patch,
): KubeObject {
  const { kind } = write.target;
  const mode = fieldValidation(write.query);
  const schema = schemaOfKind(apiVersionOf(kind), kind.kind);
  if (schema !== undefined) {
    const next = applyPatch(kind, resources.get(ref), patch);
    reportUnknown(mode, write.response, next, readTyped(next, schema).unknown);
  }
  return resources.patch(ref, patch, writeOptions(write));
}

const POLICIES = ['Background', 'Foreground', 'Orphan'] as const;

/** DeleteOptions from the body and the query; the query wins. */
export async function readDeleteOptions({ request, query }: WriteRequest): Promise<DeleteOptions> {
  const text = await readBody(request);
  const body = text.length === 0 ? {} : decodeObject(text, mediaTypeOf(request));
  const policy =
    query.get('propagationPolicy') ?? body.propagationPolicy ?? (orphans(query, body) ? 'Orphan' : undefined);
  if (policy !== undefined && !POLICIES.includes(policy as 'Orphan')) {
    throw new ApiError(
      'Invalid',
      `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan"`,
    );
  }
  const grace = wholeNumber(query, 'gracePeriodSeconds') ?? body.gracePeriodSeconds;
  if (grace !== undefined && (!Number.isInteger(grace) || (grace as number) < 0)) {
    throw new ApiError(
      'Invalid',
      'DeleteOptions.meta.k8s.io "" is invalid: gracePeriodSeconds: must be a whole number of zero or more',
    );
  }
  const dryRun = [...query.getAll('dryRun'), ...(Array.isArray(body.dryRun) ? body.dryRun : [])];
  return {
    ...(policy === undefined ? {} : { propagation: policy as (typeof POLICIES)[number] }),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace as number }),
    ...(isRecord(body.preconditions) ? { preconditions: preconditionsOf(body.preconditions) } : {}),
    dryRun: dryRun.includes('All'),
  };
}

function orphans(query: URLSearchParams, body: Record<string, unknown>): boolean {
  return (query.get('orphanDependents') ?? String(body.orphanDependents)) === 'true';
}

function preconditionsOf(value: Record<string, unknown>): NonNullable<DeleteOptions['preconditions']> {
  const { uid, resourceVersion } = value;
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}
