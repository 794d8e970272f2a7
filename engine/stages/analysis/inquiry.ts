import { assessMeasurement } from '#lib/expr/index.ts';
import type { Answer, Question } from '#machine/questions.ts';
import { AnalysisError } from './arguments.ts';
import { measuredValue, prometheusRequest } from './prometheus.ts';
import type { Measurement, Metric } from './types.ts';
import { providersOf } from './validation.ts';
import { webReading, webRequest } from './web.ts';

export const QUERY_METADATA = 'ResolvedPrometheusQuery';
export const WEB_METADATA = 'ResolvedWebRequest';
/** Which condition decided, and how: what a reader of a failed measurement wants to know. */
export const CONDITION_METADATA = 'condition';

type Outcome = Pick<Measurement, 'phase' | 'value' | 'message' | 'metadata'>;

/** A measurement that one question answers. */
export interface Inquiry {
  question: Extract<Question, { ask: 'query' | 'web' }>;
  /** What was sent, in words that are safe to store once secrets are struck out. */
  sent: Record<string, string>;
  /** The measurement's outcome. Throws AnalysisError for an answer that is none. */
  read(answer: Extract<Answer, { ok: true }>['value'], nowMs: number): Outcome;
}

/**
 * What to ask for a metric, or undefined for a provider that is not asked (job). `measurement` names this measurement, so
 * that asking again is the same question; `startedAtMs` is when it began. Throws AnalysisError when it cannot be asked.
 */
export function inquiryFor(metric: Metric, measurement: string, startedAtMs: number): Inquiry {
  const { prometheus, web } = metric.provider ?? {};
  if (prometheus !== undefined) {
    const request = prometheusRequest(prometheus, startedAtMs);
    return {
      question: { ask: 'query', measurement, request },
      sent: { [QUERY_METADATA]: request.query },
      read: (answer, nowMs) => prometheusOutcome(metric, answer as never, nowMs),
    };
  }
  if (web !== undefined) {
    const request = webRequest(web);
    return {
      question: { ask: 'web', measurement, request },
      sent: { [WEB_METADATA]: `${request.method} ${request.url}${web.jsonPath ? ` ${web.jsonPath}` : ''}` },
      read: (answer, nowMs) => webOutcome(metric, answer as never, nowMs),
    };
  }
  throw new AnalysisError(`provider "${providersOf(metric.provider ?? {})[0]}" is not reproduced by this engine`);
}

function prometheusOutcome(metric: Metric, answer: Parameters<typeof measuredValue>[0], nowMs: number): Outcome {
  const { result, text } = measuredValue(answer);
  const warnings = answer.warnings ?? [];
  const noted: Record<string, string> =
    warnings.length === 0 ? {} : { warnings: warnings.map((warning) => `"${warning}"`).join(', ') };
  return judged(metric, { result, text }, noted, nowMs);
}

function webOutcome(metric: Metric, answer: { status: number; body: string }, nowMs: number): Outcome {
  const reading = webReading(metric.provider?.web ?? {}, answer);
  if (reading.kind === 'value') return judged(metric, reading, {}, nowMs);
  const warnings = 'the body is not JSON: conditions were not evaluated';
  return { phase: 'Successful', value: reading.text, metadata: { warnings } };
}

function judged(
  metric: Metric,
  { result, text }: { result: unknown; text: string },
  metadata: Record<string, string>,
  nowMs: number,
): Outcome {
  const { phase, message } = assessMeasurement(result, metric, nowMs);
  const condition = verdict(metric, phase);
  const noted = { ...metadata, ...(condition === undefined ? {} : { [CONDITION_METADATA]: condition }) };
  return {
    phase,
    value: text,
    ...(message === undefined ? {} : { message }),
    ...(Object.keys(noted).length === 0 ? {} : { metadata: noted }),
  };
}

/** In words, which condition made a measurement fail or left it open. */
function verdict({ successCondition, failureCondition }: Metric, phase: string): string | undefined {
  if (phase === 'Failed') {
    return failureCondition
      ? `failureCondition "${failureCondition}" is true`
      : `successCondition "${successCondition}" is false`;
  }
  if (phase !== 'Inconclusive') return undefined;
  return `neither successCondition "${successCondition}" nor failureCondition "${failureCondition}" is true`;
}
