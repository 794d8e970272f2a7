import { isRecord } from '#core/json.ts';
import { type FieldSchema, schemaOfKind, schemaOfType, type TypeSchema } from '#kube/schema/schema.ts';

/**
 * Protobuf request bodies (kubernetes-api.md §7.3): the four bytes `k8s\0`, then runtime.Unknown with the object's
 * apiVersion and kind and its encoding. kubectl sends these for the verbs that build objects themselves.
 */

/** The bytes are no protobuf that this server can read. */
export class ProtobufError extends Error {
  override name = 'ProtobufError';
}

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const DEPTH_MAX = 64;

/** The object in an envelope. Throws ProtobufError for malformed bytes and kinds without a schema. */
export function decodeEnvelope(body: Uint8Array): Record<string, unknown> {
  if (body.length < 4 || !MAGIC.equals(body.subarray(0, 4))) throw new ProtobufError('the envelope prefix is missing');
  let typeMeta: Record<string, string> = {};
  let raw: Uint8Array = new Uint8Array();
  for (const { number, bytes } of fieldsOf(body.subarray(4))) {
    if (number === 1 && bytes !== undefined) typeMeta = decodeTypeMeta(bytes);
    if (number === 2 && bytes !== undefined) raw = bytes;
  }
  const { apiVersion = '', kind = '' } = typeMeta;
  const schema = schemaOfKind(apiVersion === 'meta.k8s.io/v1' ? 'v1' : apiVersion, kind) ?? optionsSchema(kind);
  if (schema === undefined) throw new ProtobufError(`no schema for ${kind} in ${apiVersion}; send JSON instead`);
  return { apiVersion, kind, ...decodeStruct(raw, schema, 0) };
}

/** DeleteOptions come under the group version of the resource that is deleted. */
function optionsSchema(kind: string): TypeSchema | undefined {
  return kind === 'DeleteOptions' ? schemaOfKind('v1', 'DeleteOptions') : undefined;
}

function decodeTypeMeta(bytes: Uint8Array): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { number, bytes: value } of fieldsOf(bytes)) {
    if (value === undefined) continue;
    if (number === 1) result.apiVersion = textOf(value);
    if (number === 2) result.kind = textOf(value);
  }
  return result;
}

interface WireField {
  number: number;
  /** Length-delimited content. */
  bytes?: Uint8Array;
  /** Varint content. */
  integer?: bigint;
}

function* fieldsOf(bytes: Uint8Array): Generator<WireField> {
  const reader = { at: 0 };
  while (reader.at < bytes.length) {
    const tag = Number(varint(bytes, reader));
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield { number, integer: varint(bytes, reader) };
        break;
      case 1:
        reader.at += 8;
        break;
      case 2: {
        const length = Number(varint(bytes, reader));
        if (length > bytes.length - reader.at) throw new ProtobufError('a field is longer than the message');
        yield { number, bytes: bytes.subarray(reader.at, reader.at + length) };
        reader.at += length;
        break;
      }
      case 5:
        reader.at += 4;
        break;
      default:
        throw new ProtobufError(`wire type ${tag & 7} is not used by Kubernetes`);
    }
  }
  if (reader.at > bytes.length) throw new ProtobufError('the message ends inside a field');
}

function varint(bytes: Uint8Array, reader: { at: number }): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = bytes[reader.at++];
    if (byte === undefined) throw new ProtobufError('the message ends inside a number');
    value |= BigInt(byte & 0x7f) << shift;
    if ((byte & 0x80) === 0) return value;
  }
  throw new ProtobufError('a number has more than ten bytes');
}

function decodeStruct(bytes: Uint8Array, schema: TypeSchema, depth: number): Record<string, unknown> {
  if (depth > DEPTH_MAX) throw new ProtobufError('the message is nested too deeply');
  const result: Record<string, unknown> = {};
  for (const wire of fieldsOf(bytes)) {
    const known = schema.wire.get(wire.number);
    if (known === undefined) continue;
    const { name, field } = known;
    if (field.inline) {
      const inner = schemaOfType(field.element);
      if (inner !== undefined && wire.bytes !== undefined)
        Object.assign(result, decodeStruct(wire.bytes, inner, depth + 1));
    } else addField(result, name, field, wire, depth);
  }
  return dropEmpty(result, schema);
}

function addField(
  result: Record<string, unknown>,
  name: string,
  field: FieldSchema,
  wire: WireField,
  depth: number,
): void {
  if (field.container === 'map') {
    const [key, value] = decodeEntry(wire.bytes ?? new Uint8Array(), field, depth);
    const map = isRecord(result[name]) ? result[name] : {};
    result[name] = { ...map, [key]: value };
    return;
  }
  const value = decodeValue(wire, field.element, depth);
  if (field.container === 'list') {
    const list = Array.isArray(result[name]) ? (result[name] as unknown[]) : [];
    list.push(value);
    result[name] = list;
  } else result[name] = value;
}

function decodeEntry(bytes: Uint8Array, field: FieldSchema, depth: number): [string, unknown] {
  let key = '';
  let value: unknown = decodeValue({ number: 2, bytes: new Uint8Array(), integer: 0n }, field.element, depth);
  for (const wire of fieldsOf(bytes)) {
    if (wire.number === 1 && wire.bytes !== undefined) key = textOf(wire.bytes);
    if (wire.number === 2) value = decodeValue(wire, field.element, depth);
  }
  return [key, value];
}

function decodeValue(wire: WireField, type: string, depth: number): unknown {
  const bytes = wire.bytes ?? new Uint8Array();
  switch (type) {
    case 'string':
      return textOf(bytes);
    case 'bool':
      return wire.integer === 1n;
    case 'int32':
    case 'int64':
      return Number(BigInt.asIntN(64, wire.integer ?? 0n));
    case 'bytes':
      return Buffer.from(bytes).toString('base64');
    case 'Quantity':
      return stringField(bytes, 1);
    case 'IntOrString':
      return decodeIntOrString(bytes);
    case 'Time':
    case 'MicroTime':
      return decodeTime(bytes, type === 'MicroTime');
    case 'FieldsV1':
    case 'Raw':
      return decodeRaw(bytes);
    default: {
      const schema = schemaOfType(type);
      return schema === undefined ? undefined : decodeStruct(bytes, schema, depth + 1);
    }
  }
}

function stringField(bytes: Uint8Array, number: number): string {
  for (const wire of fieldsOf(bytes)) if (wire.number === number && wire.bytes !== undefined) return textOf(wire.bytes);
  return '';
}

function decodeIntOrString(bytes: Uint8Array): number | string {
  let isText = false;
  let integer = 0;
  for (const wire of fieldsOf(bytes)) {
    if (wire.number === 1) isText = wire.integer === 1n;
    if (wire.number === 2) integer = Number(BigInt.asIntN(64, wire.integer ?? 0n));
  }
  return isText ? stringField(bytes, 3) : integer;
}

/** RFC 3339, or undefined for Go's zero time, which stands for "not set". */
function decodeTime(bytes: Uint8Array, isMicro: boolean): string | undefined {
  let [seconds, nanos] = [0, 0];
  for (const wire of fieldsOf(bytes)) {
    if (wire.number === 1) seconds = Number(BigInt.asIntN(64, wire.integer ?? 0n));
    if (wire.number === 2) nanos = Number(wire.integer ?? 0n);
  }
  if (seconds === 0 && nanos === 0) return undefined;
  const text = new Date(seconds * 1000 + Math.floor(nanos / 1e6)).toISOString();
  return isMicro ? text.replace('Z', '000Z') : text.replace(/\.\d{3}Z$/, 'Z');
}

function decodeRaw(bytes: Uint8Array): unknown {
  for (const wire of fieldsOf(bytes)) {
    if (wire.number !== 1 || wire.bytes === undefined) continue;
    try {
      return JSON.parse(textOf(wire.bytes)) as unknown;
    } catch {
      throw new ProtobufError('an embedded object is not JSON');
    }
  }
  return undefined;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/**
 * Go writes every field that is no pointer, empty or not. What JSON would leave out (`omitempty`), and empty structs that
 * are no pointers, are dropped again: they were never said.
 */
function dropEmpty(value: Record<string, unknown>, schema: TypeSchema): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const field = schema.fields.get(key);
    if (item === undefined) continue;
    if (field?.pointer !== true && isEmpty(item)) continue;
    result[key] = item;
  }
  return result;
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}
