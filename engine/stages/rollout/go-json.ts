import { isRecord } from '#core/json.ts';
import { canonicalQuantity } from '#kube/canonical-quantity.ts';
import { STRUCT_FIELDS } from './pod-template-fields.ts';

interface Field {
  name: string;
  omit: 'never' | 'empty' | 'zero';
  type: string;
}

const layouts = new Map<string, readonly Field[]>();

function layoutOf(struct: string): readonly Field[] {
  let layout = layouts.get(struct);
  if (layout === undefined) {
    layout = (STRUCT_FIELDS[struct] as string).split(' ').map(parseField);
    layouts.set(struct, layout);
  }
  return layout;
}

function parseField(text: string): Field {
  const match = /^(\w+)([?!]?):(.+)$/.exec(text) as RegExpExecArray;
  const omit = match[2] === '?' ? 'empty' : match[2] === '!' ? 'zero' : 'never';
  return { name: match[1] as string, omit, type: match[3] as string };
}

/**
 * The text Go's encoding/json gives for `value` read into the struct or type `type` (see pod-template-fields.ts):
 * fields in declaration order, unknown fields dropped, map keys sorted, `<`, `>` and `&` escaped, quantities in
 * canonical form. It is the input of the pod template hash, so every byte counts (rollouts §0.1).
 */
export function goJson(value: unknown, type: string): string {
  if (type.startsWith('*')) return value === undefined || value === null ? 'null' : goJson(value, type.slice(1));
  if (type.startsWith('[]')) {
    if (!Array.isArray(value)) return 'null';
    return `[${value.map((item) => goJson(item, type.slice(2))).join(',')}]`;
  }
  if (type.startsWith('{}')) return isRecord(value) ? mapText(value, type.slice(2)) : 'null';
  return leafText(value, type) ?? structText(value, type);
}

function leafText(value: unknown, type: string): string | undefined {
  switch (type) {
    case 'string':
      return stringText(typeof value === 'string' ? value : '');
    case 'int':
      return String(typeof value === 'number' ? value : 0);
    case 'bool':
      return String(value === true);
    case 'quantity':
      return stringText(canonicalQuantity(value));
    case 'intOrString':
      return typeof value === 'string' ? stringText(value) : String(value ?? 0);
    case 'time':
      return typeof value === 'string' ? stringText(value) : 'null';
    case 'raw':
      return escapeHtml(JSON.stringify(value ?? null));
    default:
      return undefined;
  }
}

function structText(value: unknown, type: string): string {
  const record = isRecord(value) ? value : {};
  const members: string[] = [];
  for (const { name, omit, type: fieldType } of layoutOf(type)) {
    if (isOmitted(record[name], omit, fieldType)) continue;
    members.push(`"${name}":${goJson(record[name], fieldType)}`);
  }
  return `{${members.join(',')}}`;
}

function mapText(map: Record<string, unknown>, type: string): string {
  const keys = Object.keys(map).sort();
  return `{${keys.map((key) => `${stringText(key)}:${goJson(map[key], type)}`).join(',')}}`;
}

/** omitempty never omits a struct: `resources` of a container is always there. */
function isOmitted(value: unknown, omit: Field['omit'], type: string): boolean {
  if (omit === 'never') return false;
  if (value === undefined || value === null) return omit === 'zero' || !isStruct(type);
  if (type.startsWith('*')) return false;
  if (Array.isArray(value)) return value.length === 0;
  if (type.startsWith('{}')) return Object.keys(value).length === 0;
  return value === '' || value === 0 || value === false;
}

function isStruct(type: string): boolean {
  return type in STRUCT_FIELDS || type === 'quantity' || type === 'intOrString' || type === 'time';
}

function stringText(text: string): string {
  return escapeHtml(JSON.stringify(text));
}

function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
