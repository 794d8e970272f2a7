import type { Value } from './values.ts';

/** A function templates can call, with how many arguments it takes. */
export interface TemplateFunction {
  least: number;
  most: number | undefined;
  call: (...values: Value[]) => Value;
}

export function fn(least: number, most: number | undefined, call: (...values: Value[]) => Value): TemplateFunction {
  return { least, most, call };
}
