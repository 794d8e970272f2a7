import type { IncomingMessage } from 'node:http';
import { parseAllDocuments } from 'yaml';
import { ApiError } from '#api/errors.ts';
import { isRecord } from '#core/json.ts';
import { decodeEnvelope, ProtobufError } from './protobuf.ts';

/** The largest body a request may have: etcd's and kube-apiserver's limit. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;

/** Reads the whole body. Throws ApiError RequestEntityTooLarge; the rest of an oversized body is not read. */
export async function readBody(request: IncomingMessage, bytesMax = BODY_BYTES_MAX): Promise<Buffer> {
  const tooLarge = () => new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${bytesMax}`);
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > bytesMax) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

const JSON_TYPES = ['application/json', '', 'text/plain'];
const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml'];

/** `Application/JSON; charset=utf-8` → `application/json`. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The object in a body, by its content type. Throws ApiError: 415 for other types, 400 for text that does not parse. */
export function decodeObject(body: Buffer, mediaType: string): Record<string, unknown> {
  if (mediaType === 'application/vnd.kubernetes.protobuf') return fromProtobuf(body);
  if (YAML_TYPES.includes(mediaType)) return asObject(parseYaml(body));
  if (JSON_TYPES.includes(mediaType)) return asObject(parseJson(body));
  throw unsupportedMediaType(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw new ApiError('BadRequest', `the body of the request is not valid JSON: ${(error as Error).message}`);
  }
}

export function parseYaml(body: Buffer): unknown {
  const [document, ...more] = parseAllDocuments(body.toString('utf8'));
  if (document === undefined) return null;
  if (more.length > 0) throw new ApiError('BadRequest', 'the body of the request holds more than one YAML document');
  const [error] = (document as { errors: Error[] }).errors;
  if (error !== undefined)
    throw new ApiError('BadRequest', `the body of the request is not valid YAML: ${error.message}`);
  // Few aliases are enough for any manifest; more are an attack on memory.
  return (document as { toJS(options: { maxAliasCount: number }): unknown }).toJS({ maxAliasCount: 100 });
}

function asObject(value: unknown): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new ApiError('BadRequest', 'the body of the request must be one object');
}

function fromProtobuf(body: Buffer): Record<string, unknown> {
  try {
    return decodeEnvelope(body);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw new ApiError('UnsupportedMediaType', `the protobuf body of the request cannot be read: ${error.message}`);
  }
}
