import { expect } from 'vitest';
import type { Answers, Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import type { Answer, MetricResult as Answered, Question } from '#machine/questions.ts';
import type { Job } from '../job.ts';
import type { Secret } from '../observe.ts';
import { planAnalysisRun } from '../plan.ts';
import type { AnalysisRun, AnalysisRunSpec, AnalysisRunStatus, Metric, MetricResult } from '../types.ts';

export const NOW_MS = Date.parse('2026-01-05T09:00:00Z');
export const vector = (...values: (number | string)[]): Answered => ({
  resultType: 'vector',
  result: values.map((value) => ({ metric: {}, value: [0, String(value)] })),
});

export function metric(fields: Partial<Metric> = {}): Metric {
  const provider = { prometheus: { address: 'http://prometheus:9090', query: 'up' } };
  return { name: 'm', provider, ...fields };
}

/** One run, planned as the loop would: each status is stored and planned again until nothing changes. */
export class Run {
  nowMs = NOW_MS;
  plans: Plan[] = [];
  status: AnalysisRunStatus | undefined;
  spec: AnalysisRunSpec;
  answer: (question: Question) => Answer | undefined;
  secrets = new Map<string, Secret>();
  jobs = new Map<string, Job>();

  constructor(spec: AnalysisRunSpec, value: Answered | string = vector(1), status?: AnalysisRunStatus) {
    this.spec = spec;
    this.status = status;
    this.answer = () =>
      typeof value === 'string' ? { ok: false, failure: { code: 'Query', message: value } } : { ok: true, value };
  }

  get object(): AnalysisRun {
    const metadata = {
      name: 'run',
      namespace: 'shop',
      uid: 'u1',
      resourceVersion: '1',
      creationTimestamp: formatTime(NOW_MS),
    };
    return { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', metadata, spec: this.spec, status: this.status };
  }

  planOnce(): Plan {
    const answers: Answers = { of: (question) => this.answer(question) as never };
    const plan = planAnalysisRun({ run: this.object, secrets: this.secrets, jobs: this.jobs, answers }, this.nowMs);
    this.plans.push(plan);
    if (plan.status !== undefined) this.status = JSON.parse(JSON.stringify(plan.status));
    return plan;
  }

  settle(): this {
    for (let before = '', after = ' '; before !== after; ) {
      before = JSON.stringify(this.status ?? null);
      this.planOnce();
      after = JSON.stringify(this.status ?? null);
    }
    return this;
  }

  /** Follows wake-ups until the run completes, at most `rounds` times. */
  complete(rounds = 50): this {
    this.settle();
    for (let round = 0; round < rounds && this.status?.phase === 'Running'; round++) {
      const at = this.plans.at(-1)?.wakeAtMs;
      if (at === undefined) break;
      expect(at).toBeGreaterThan(this.nowMs);
      this.nowMs = at;
      this.settle();
    }
    return this;
  }

  get result(): MetricResult {
    return this.status?.metricResults?.[0] as MetricResult;
  }

  events(): string[] {
    return this.plans.flatMap(({ events }) => events.map(({ reason, message }) => `${reason}: ${message}`));
  }
}
