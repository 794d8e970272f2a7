import { fn, type TemplateFunction } from './function.ts';
import { kindName } from './language-functions.ts';
import { deepEqualGo, isTrue, typeName, type Value } from './values.ts';

export const logicFunctions: Readonly<Record<string, TemplateFunction>> = {
  default: fn('aa?', (fallback: Value, given: Value) => (isTrue(given) ? given : fallback)),
  empty: fn('a', (value: Value) => !isTrue(value)),
  coalesce: fn('a*', (...values: Value[]) => values.find(isTrue) ?? null),
  all: fn('a*', (...values: Value[]) => values.every(isTrue)),
  any: fn('a*', (...values: Value[]) => values.some(isTrue)),
  ternary: fn('aab', (yes: Value, no: Value, condition: boolean) => (condition ? yes : no)),
  fail: fn('s', (message: string) => {
    throw new Error(message);
  }),
  kindOf: fn('a', kindName),
  kindIs: fn('sa', (kind: string, value: Value) => kindName(value) === kind),
  typeOf: fn('a', (value: Value) => (value === undefined || value === null ? '<nil>' : typeName(value))),
  typeIs: fn('sa', (type: string, value: Value) => typeName(value) === type),
  typeIsLike: fn('sa', (type: string, value: Value) => typeName(value) === type || `*${typeName(value)}` === type),
  deepEqual: fn('aa', deepEqualGo),
};
