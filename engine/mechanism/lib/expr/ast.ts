/** The tree of an expression; `at` is the offset errors point at. */

export type Node =
  | {
      readonly kind: 'literal';
      readonly at: number;
      readonly value: bigint | number | string | boolean | null | Uint8Array;
    }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'env'; readonly at: number }
  /** `#`, `#index`, `#acc`. */
  | { readonly kind: 'pointer'; readonly at: number; readonly name: string }
  | { readonly kind: 'list'; readonly at: number; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly at: number; readonly entries: readonly (readonly [key: Node, value: Node])[] }
  | { readonly kind: 'unary'; readonly at: number; readonly operator: string; readonly operand: Node }
  | {
      readonly kind: 'binary';
      readonly at: number;
      readonly operator: string;
      /** As written: `and` for `&&`. */
      readonly spelling?: string;
      readonly left: Node;
      readonly right: Node;
    }
  | {
      readonly kind: 'conditional';
      readonly at: number;
      readonly test: Node;
      readonly result: Node;
      readonly otherwise: Node;
    }
  /** `.x`, `[i]`; `optional` is `?.`. `property` is set when the key was written as a name. */
  | {
      readonly kind: 'member';
      readonly at: number;
      readonly object: Node;
      readonly key: Node;
      readonly property?: string;
      readonly optional: boolean;
    }
  | { readonly kind: 'slice'; readonly at: number; readonly object: Node; readonly from?: Node; readonly to?: Node }
  /** A whole chain with `?.` in it: nil at an optional link makes the chain nil. */
  | { readonly kind: 'chain'; readonly at: number; readonly inner: Node }
  | { readonly kind: 'call'; readonly at: number; readonly callee: Node; readonly args: readonly Node[] }
  | { readonly kind: 'builtin'; readonly at: number; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: 'let'; readonly at: number; readonly name: string; readonly value: Node; readonly body: Node };

/** Builtins whose second (for reduce: second) argument is a predicate over the elements of the first. */
export const PREDICATE_BUILTINS: ReadonlySet<string> = new Set([
  'all',
  'any',
  'one',
  'none',
  'filter',
  'map',
  'count',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
  'sum',
  'groupBy',
  'sortBy',
  'reduce',
]);
