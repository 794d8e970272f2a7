import { isRecord } from '#core/json.ts';
import { format, type Value } from './values.ts';

/** What a parameter takes: any value, string, int, float64, bool, a map, a list. */
export type Kind = 'a' | 's' | 'i' | 'f' | 'b' | 'm' | 'l';

/** A function templates can call, with what it takes. */
export interface TemplateFunction {
  least: number;
  most: number;
  kindAt(index: number): Kind;
  call: (...values: Value[]) => Value;
}

/**
 * A function by the kinds of its parameters: `fn('si', …)` takes a string and an int; a `*` after the last kind stands for
 * any number of it, a `?` for at most one.
 */
export function fn(signature: string, call: (...values: never[]) => Value): TemplateFunction {
  const kinds = [...signature.replace(/[*?]$/, '')] as Kind[];
  const isVariadic = signature.endsWith('*');
  const isOptional = signature.endsWith('?');
  return {
    least: isVariadic || isOptional ? kinds.length - 1 : kinds.length,
    most: isVariadic ? Number.POSITIVE_INFINITY : kinds.length,
    kindAt: (index) => kinds[Math.min(index, kinds.length - 1)] ?? 'a',
    // The evaluation gives it what the signature says.
    call: call as TemplateFunction['call'],
  };
}

const NAMES: Readonly<Record<Exclude<Kind, 'a' | 'l'>, string>> = {
  s: 'string',
  i: 'int',
  f: 'float64',
  b: 'bool',
  m: 'map[string]interface {}',
};

/** A value as an argument of a kind: Go converts nothing but constants. */
export function checkArgument(value: Value, kind: Kind, isConstant: boolean): { value: Value } | { problem: string } {
  if (kind === 'a' || kind === 'l') return { value };
  const wanted = NAMES[kind];
  if (value === undefined || value === null) return { problem: `invalid value; expected ${wanted}` };
  if (isConstant && typeof value === 'number' && kind === 'i' && Number.isInteger(value)) {
    return { value: BigInt(value) };
  }
  if (isConstant && typeof value === 'bigint' && kind === 'f') return { value: Number(value) };
  if (kindOf(value) === kind) return { value };
  if (isConstant) return { problem: `expected ${wanted}; found ${format(value)}` };
  return { problem: `wrong type for value; expected ${wanted}; got ${goTypeOf(value)}` };
}

function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'string':
      return 's';
    case 'bigint':
      return 'i';
    case 'number':
      return 'f';
    case 'boolean':
      return 'b';
    default:
      return Array.isArray(value) ? 'l' : isRecord(value) ? 'm' : 'a';
  }
}

function goTypeOf(value: Value): string {
  const kind = kindOf(value);
  return kind === 'l' ? '[]interface {}' : kind === 'a' ? 'interface {}' : NAMES[kind];
}
