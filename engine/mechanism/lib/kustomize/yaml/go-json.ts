/** JSON as Go's json.Marshal writes it: keys sorted by bytes, no spaces, HTML characters escaped. */
import { isList, isMap, type Json } from '../types.ts';

export function toGoJson(value: Json): string {
  if (isList(value)) return `[${value.map(toGoJson).join(',')}]`;
  if (isMap(value)) {
    const fields = Object.keys(value).sort(compareBytes);
    return `{${fields.map((key) => `${quote(key)}:${toGoJson(value[key])}`).join(',')}}`;
  }
  return typeof value === 'string' ? quote(value) : JSON.stringify(value ?? null);
}

function quote(text: string): string {
  const json = JSON.stringify(text);
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const encoder = new TextEncoder();

/** Orders texts by their UTF-8 bytes. */
export function compareBytes(a: string, b: string): number {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) if (left[i] !== right[i]) return (left[i] ?? 0) - (right[i] ?? 0);
  return left.length - right.length;
}
