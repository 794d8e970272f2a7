import { isRecord } from '#core/json.ts';
import { type FieldSchema, schemaOfType, type TypeSchema } from './schema.ts';

export interface Mistyped {
  /** `spec.template.spec.containers[0].ports`. */
  path: string;
  expected: string;
  found: string;
}

/** An object read against its schema. */
export interface TypedReading {
  /** The object without unknown members and without nulls, as a typed decoder would keep it. */
  value: Record<string, unknown>;
  unknown: string[];
  mistyped: Mistyped[];
}

/** Members every object has beside the fields of its schema. */
const TYPE_META = new Set(['apiVersion', 'kind']);

/** Reads an object of a built-in kind strictly: which members are unknown, which have the wrong type. */
export function readTyped(object: Readonly<Record<string, unknown>>, schema: TypeSchema): TypedReading {
  const reader = new Reader();
  const { apiVersion, kind, ...body } = object;
  const value = reader.struct(body, schema, '');
  return { value: { apiVersion, kind, ...value }, unknown: reader.unknown, mistyped: reader.mistyped };
}

class Reader {
  readonly unknown: string[] = [];
  readonly mistyped: Mistyped[] = [];

  struct(value: Readonly<Record<string, unknown>>, schema: TypeSchema, path: string): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const field = schema.fields.get(key);
      const at = path === '' ? key : `${path}.${key}`;
      if (field === undefined) {
        if (!(TYPE_META.has(key) && isEmbeddedObject(schema))) this.unknown.push(at);
        continue;
      }
      const item = value[key];
      if (item === null || item === undefined) continue;
      const read = this.field(item, field, at);
      if (read !== undefined) result[key] = read;
    }
    return result;
  }

  field(value: unknown, field: FieldSchema, path: string): unknown {
    switch (field.container) {
      case 'list':
        if (!Array.isArray(value)) return this.refuse(path, 'array', value);
        return value.map((item, index) => this.element(item, field.element, `${path}[${index}]`));
      case 'map':
        if (!isRecord(value)) return this.refuse(path, 'object', value);
        return Object.fromEntries(
          Object.entries(value)
            .filter(([, item]) => item !== undefined)
            .map(([key, item]) => [key, this.element(item, field.element, `${path}.${key}`)]),
        );
      default:
        return this.element(value, field.element, path);
    }
  }

  element(value: unknown, type: string, path: string): unknown {
    const schema = schemaOfType(type);
    if (schema !== undefined) {
      return isRecord(value) ? this.struct(value, schema, path) : this.refuse(path, 'object', value);
    }
    const scalar = isScalar(type, value);
    return scalar ? value : this.refuse(path, type, value);
  }

  refuse(path: string, expected: string, found: unknown): undefined {
    this.mistyped.push({
      path,
      expected,
      found: found === null ? 'null' : Array.isArray(found) ? 'array' : typeof found,
    });
    return undefined;
  }
}

/** Claim templates are whole objects inside a list and may repeat their apiVersion and kind. */
function isEmbeddedObject(schema: TypeSchema): boolean {
  return schema.fields.get('metadata')?.element === 'meta.v1.ObjectMeta';
}

function isScalar(type: string, value: unknown): boolean {
  switch (type) {
    case 'string':
    case 'bytes':
    case 'Time':
    case 'MicroTime':
    case 'Duration':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'int32':
      return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
    case 'int64':
      return Number.isInteger(value);
    case 'IntOrString':
      return typeof value === 'string' || Number.isInteger(value);
    case 'Quantity':
      return typeof value === 'string' || typeof value === 'number';
    case 'FieldsV1':
    case 'Raw':
      return isRecord(value);
    default:
      return true;
  }
}
