/** Results in the JSON shapes of Prometheus's HTTP API (spec promql §11). */
import type { PromqlError, PromqlErrorType } from './errors.ts';
import { formatFloat } from './numeric.ts';
import type { QueryResult } from './result.ts';

type Point = readonly [seconds: number, value: string];

export type ApiData =
  | { readonly resultType: 'scalar' | 'string'; readonly result: Point }
  | { readonly resultType: 'vector'; readonly result: readonly { metric: Record<string, string>; value: Point }[] }
  | {
      readonly resultType: 'matrix';
      readonly result: readonly { metric: Record<string, string>; values: readonly Point[] }[];
    };

/** The `data` of a successful answer. Times in seconds; numbers as text, very large and very small ones with exponent. */
export function formatData(result: QueryResult): ApiData {
  switch (result.type) {
    case 'scalar':
      return { resultType: 'scalar', result: [result.tMs / 1000, formatApiFloat(result.value)] };
    case 'string':
      return { resultType: 'string', result: [result.tMs / 1000, result.value] };
    case 'vector': {
      const seconds = result.tMs / 1000;
      return {
        resultType: 'vector',
        result: result.elements.map(({ labels, value }) => ({
          metric: labels.toObject(),
          value: [seconds, formatApiFloat(value)],
        })),
      };
    }
    case 'matrix':
      return {
        resultType: 'matrix',
        result: result.series.map(({ labels, timesMs, values }) => ({
          metric: labels.toObject(),
          values: timesMs.map((tMs, i) => [tMs / 1000, formatApiFloat(values[i]!)] as const),
        })),
      };
  }
}

function formatApiFloat(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0 || (size >= 1e-6 && size < 1e21)) return formatFloat(value);
  return value.toExponential().replace(/([+-])(\d)$/, '$10$2');
}

/** The whole body of a successful answer. */
export function formatSuccess(result: QueryResult): object {
  const { warnings, infos } = result;
  return {
    status: 'success',
    data: formatData(result),
    ...(warnings.length > 0 && { warnings }),
    ...(infos.length > 0 && { infos }),
  };
}

/** The whole body of a failed answer. */
export function formatFailure(error: PromqlError): { status: 'error'; errorType: PromqlErrorType; error: string } {
  return {
    status: 'error',
    errorType: error.type,
    error: error.type === 'bad_data' ? `invalid parameter "query": ${error.message}` : error.message,
  };
}

/** HTTP status of an error type. */
export const ERROR_STATUS: Readonly<Record<PromqlErrorType, number>> = { bad_data: 400, execution: 422, timeout: 503 };
