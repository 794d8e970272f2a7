import { parseGoDurationMs } from '#core/duration.ts';
import { isRecord } from '#core/json.ts';
import { ExprError, evaluateTimeMs, rangeTimeEnvironment } from '#lib/expr/index.ts';
import type { MetricRequest, MetricResult } from '#machine/questions.ts';
import { AnalysisError } from './arguments.ts';
import type { PrometheusProvider } from './types.ts';

const TIMEOUT_DEFAULT_SECONDS = 30;

/**
 * The request a Prometheus metric stands for (rollouts §3.11). `nowMs` is the start of the measurement, so that asking again
 * for the same measurement is the same request. Throws AnalysisError for a provider that cannot be asked.
 */
export function prometheusRequest(provider: PrometheusProvider, nowMs: number): MetricRequest {
  const timeout = provider.timeout ?? TIMEOUT_DEFAULT_SECONDS;
  const address = checkedAddress(provider);
  if (timeout < 0) throw new AnalysisError('prometheus timeout should not be negative');
  const headers = [...(provider.headers ?? []), ...authorization(provider.authentication)];
  return {
    provider: 'prometheus',
    address,
    query: provider.query ?? '',
    timeoutMs: timeout * 1000,
    ...(headers.length === 0 ? {} : { headers }),
    ...(provider.rangeQuery === undefined ? {} : { range: rangeOf(provider.rangeQuery, nowMs) }),
  };
}

/** `insecure` asks for nothing here: no address of a template is contacted (see parity, addresses). */
function checkedAddress({ address = '' }: PrometheusProvider): string {
  if (address === '') throw new AnalysisError('prometheus address is not configured');
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.host === '') throw new AnalysisError('prometheus address is not is url format');
  return address;
}

function authorization(authentication: unknown): { key: string; value: string }[] {
  if (!isRecord(authentication)) return [];
  for (const method of ['sigv4', 'oauth2']) {
    const settings = authentication[method];
    if (isRecord(settings) && Object.keys(settings).length > 0) {
      throw new AnalysisError(`prometheus authentication "${method}" is not reproduced by this engine`);
    }
  }
  const { username = '', password = '' } = (authentication.basicAuth ?? {}) as Record<string, string | undefined>;
  if (username === '' && password === '') return [];
  const missing = (field: string) =>
    new AnalysisError(`missing mandatory parameter in metric for basic auth setup: ${field}`);
  if (username === '') throw missing('username');
  if (password === '') throw missing('password');
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return [{ key: 'Authorization', value: `Basic ${btoa(String.fromCharCode(...bytes))}` }];
}

function rangeOf(range: NonNullable<PrometheusProvider['rangeQuery']>, nowMs: number): MetricRequest['range'] {
  const time = (name: 'start' | 'end') => {
    try {
      return evaluateTimeMs(range[name] ?? '', rangeTimeEnvironment(nowMs));
    } catch (error) {
      if (!(error instanceof ExprError)) throw error;
      throw new AnalysisError(`failed to parse rangeQuery.${name} as time: ${error.message}`);
    }
  };
  const [startMs, endMs] = [time('start'), time('end')];
  const stepMs = parseGoDurationMs(range.step ?? '');
  if (stepMs === undefined) {
    throw new AnalysisError(
      `failed to parse rangeQuery.step as duration: time: invalid duration ${JSON.stringify(range.step ?? '')}`,
    );
  }
  return { startMs, endMs, stepMs };
}

/** What a condition sees as `result`, and how the measurement shows it. */
export interface MeasuredValue {
  result: number | number[];
  text: string;
}

/** Reads an answer: a scalar is a number, vectors and matrices are lists of numbers in the order returned, also when empty. */
export function measuredValue(answer: MetricResult): MeasuredValue {
  const { resultType, result } = answer;
  if (resultType === 'scalar' && Array.isArray(result)) {
    const value = parseSample(result[1]);
    return { result: value, text: formatSample(value) };
  }
  if ((resultType === 'vector' || resultType === 'matrix') && Array.isArray(result)) {
    const values = (result as unknown[]).flatMap(resultType === 'vector' ? vectorValues : matrixValues);
    return { result: values, text: `[${values.map(formatSample).join(',')}]` };
  }
  throw new AnalysisError('Prometheus metric type not supported');
}

function vectorValues(sample: unknown): number[] {
  return isRecord(sample) && Array.isArray(sample.value) ? [parseSample(sample.value[1])] : [];
}

function matrixValues(series: unknown): number[] {
  if (!isRecord(series) || !Array.isArray(series.values)) return [];
  return (series.values as unknown[]).map((pair) => parseSample(Array.isArray(pair) ? pair[1] : undefined));
}

function parseSample(text: unknown): number {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return text === 'NaN' || text === undefined ? Number.NaN : Number(text);
}

/** A float as Go's `%f` with the fewest digits writes it: never an exponent. */
export function formatSample(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, whole, fraction = '', exponent] = match as unknown as [
    string,
    string,
    string,
    string | undefined,
    string,
  ];
  const digits = `${whole}${fraction}`;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return point >= digits.length
    ? `${sign}${digits}${'0'.repeat(point - digits.length)}`
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
