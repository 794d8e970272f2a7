/** What a query returns. */
import type { Labels } from './labels.ts';

export interface VectorElement {
  readonly labels: Labels;
  readonly value: number;
}

/** Points in time order. */
export interface MatrixSeries {
  readonly labels: Labels;
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
}

export type QueryValue =
  | { readonly type: 'scalar'; readonly tMs: number; readonly value: number }
  | { readonly type: 'string'; readonly tMs: number; readonly value: string }
  /** All elements carry the evaluation time. */
  | { readonly type: 'vector'; readonly tMs: number; readonly elements: readonly VectorElement[] }
  | { readonly type: 'matrix'; readonly series: readonly MatrixSeries[] };

/** A value and what upstream calls annotations, sorted, each ending with its place: `… (1:5)`. */
export type QueryResult = QueryValue & { readonly warnings: readonly string[]; readonly infos: readonly string[] };
