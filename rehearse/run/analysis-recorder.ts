import type { AnalysisRun, Metric } from '../../engine/stages/analysis/types.ts';
import { parseTime } from '../../engine/vocabulary/core/clock.ts';
import type { AnalysisFacts, MetricFacts } from './facts.ts';

type Measurements = MetricFacts['measurements'][number][];

interface Recorded {
  facts: Omit<AnalysisFacts, 'metrics'>;
  metrics: Map<string, { metric: Metric; phase: string; measurements: Measurements; seen: Set<string> }>;
}

/** Collects what AnalysisRuns measured: a status keeps the newest ten measurements only. */
export class AnalysisRecorder {
  readonly #runs = new Map<string, Recorded>();

  /** Returns the phase before, undefined for a new run. */
  note(run: AnalysisRun, environment: string, component: string, nowMs: number): string | undefined {
    const { uid, name, labels = {} } = run.metadata as { uid: string; name: string; labels?: Record<string, string> };
    let recorded = this.#runs.get(uid);
    const before = recorded?.facts.phase;
    if (recorded === undefined) {
      const step = labels['step-index'];
      const kind = (labels['rollout-type'] ?? 'Analysis').replace(/Run$/, '');
      const facts = { environment, component, name, kind: kind.toLowerCase(), phase: 'Pending', startMs: nowMs };
      recorded = {
        facts: { ...facts, ...(step === undefined ? {} : { stepIndex: Number(step) }) },
        metrics: new Map(),
      };
      this.#runs.set(uid, recorded);
    }
    const { status } = run;
    recorded.facts.phase = status?.phase ?? 'Pending';
    if (status?.message) recorded.facts.message = status.message;
    const endMs = parseTime(status?.completedAt);
    if (endMs !== undefined) recorded.facts.endMs = endMs;
    for (const metric of run.spec.metrics ?? []) this.#noteMetric(recorded, metric, run);
    return before;
  }

  #noteMetric(recorded: Recorded, metric: Metric, { spec, status }: AnalysisRun): void {
    let known = recorded.metrics.get(metric.name);
    if (known === undefined) {
      known = { metric: withArguments(metric, spec.args ?? []), phase: 'Pending', measurements: [], seen: new Set() };
      recorded.metrics.set(metric.name, known);
    }
    const result = status?.metricResults?.find(({ name }) => name === metric.name);
    if (result === undefined) return;
    known.phase = result.phase;
    for (const { startedAt = '', finishedAt, phase, value, message } of result.measurements ?? []) {
      if (finishedAt === undefined || known.seen.has(startedAt)) continue;
      known.seen.add(startedAt);
      known.measurements.push({
        atMs: parseTime(finishedAt) ?? 0,
        phase,
        ...(value === undefined ? {} : { value }),
        ...(message === undefined ? {} : { message }),
      });
    }
  }

  facts(): AnalysisFacts[] {
    return [...this.#runs.values()].map(({ facts, metrics }) => ({
      ...facts,
      metrics: [...metrics].map(([name, { metric, phase, measurements }]) => {
        const { successCondition, failureCondition } = metric;
        const threshold = thresholdOf(successCondition) ?? thresholdOf(failureCondition);
        return {
          name,
          phase,
          ...(successCondition === undefined ? {} : { successCondition }),
          ...(failureCondition === undefined ? {} : { failureCondition }),
          ...(threshold === undefined ? {} : { threshold }),
          measurements,
        };
      }),
    }));
  }
}

function withArguments(metric: Metric, args: readonly { name: string; value?: string }[]): Metric {
  const fill = (text: string | undefined) =>
    text?.replace(/\{\{\s*args\.([\w-]+)\s*\}\}/g, (whole, name: string) => {
      return args.find((one) => one.name === name)?.value ?? whole;
    });
  const [successCondition, failureCondition] = [fill(metric.successCondition), fill(metric.failureCondition)];
  return { ...metric, successCondition, failureCondition };
}

/** The last number that a condition compares `result` with: `result[0] <= 0.5` → 0.5. */
export function thresholdOf(condition: string | undefined): number | undefined {
  const found = [
    ...(condition ?? '').matchAll(/result(?:\[\d+\])?\s*(?:<=|>=|<|>|==)\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)/g),
  ];
  const text = found.at(-1)?.[1];
  return text === undefined ? undefined : Number(text);
}
