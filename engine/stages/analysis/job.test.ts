import { describe, expect, it } from 'vitest';
import { type Job, jobName } from './job.ts';
import { metric, Run } from './testing/run.ts';
import type { AnalysisRunSpec, Metric } from './types.ts';

const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'check', image: 'check:1' }] } } };
const JOB = 'u1.m.1';

function jobRun(fields: Partial<Metric> = {}, more: Partial<AnalysisRunSpec> = {}): Run {
  const provider = { job: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec } };
  const run = new Run({ metrics: [metric({ provider, ...fields })], ...more });
  run.answer = () => ({ ok: true, value: {} });
  return run;
}

function job(name: string, end?: 'Complete' | 'Failed', owner = 'u1', createdAt = '2026-01-05T09:00:00Z'): Job {
  const conditions =
    end === undefined ? [] : [{ type: end, status: 'True', reason: 'BackoffLimitExceeded', message: 'x' }];
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: 'shop',
      creationTimestamp: createdAt,
      ownerReferences: [
        { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', name: 'run', uid: owner, controller: true },
      ],
    },
    status: { conditions },
  } as unknown as Job;
}

/** Begins the measurement; the Job that was created is there afterwards. */
function begun(run: Run): Run {
  run.planOnce();
  run.jobs.set(JOB, job(JOB));
  return run;
}

const effects = (run: Run) => run.plans.flatMap((plan) => plan.effects.filter(({ effect }) => effect !== 'ask'));

describe('job metrics', () => {
  it('creates a Job of the run, asked of the API first', () => {
    const run = jobRun();
    run.answer = () => undefined;
    expect(run.planOnce().effects.map(({ effect }) => effect)).toEqual(['ask']);
    expect(run.status?.metricResults).toEqual([]);
    run.answer = () => ({ ok: true, value: {} });
    run.planOnce();
    expect(effects(run)).toEqual([
      {
        effect: 'create',
        object: {
          apiVersion: 'batch/v1',
          kind: 'Job',
          metadata: {
            name: JOB,
            namespace: 'shop',
            labels: { a: 'b', 'analysisrun.argoproj.io/uid': 'u1' },
            annotations: {
              c: 'd',
              'analysisrun.argoproj.io/name': 'run',
              'analysisrun.argoproj.io/namespace': 'shop',
              'analysisrun.argoproj.io/metric-name': 'm',
            },
            ownerReferences: [
              {
                apiVersion: 'argoproj.io/v1alpha1',
                kind: 'AnalysisRun',
                name: 'run',
                uid: 'u1',
                controller: true,
                blockOwnerDeletion: true,
              },
            ],
          },
          spec,
        },
      },
    ]);
    const metadata = { 'job-name': JOB, 'job-namespace': 'shop' };
    expect(run.result.measurements).toEqual([{ phase: 'Running', startedAt: '2026-01-05T09:00:00Z', metadata }]);
  });

  it('rollouts/A32 Complete is a success, Failed a failure with the Job’s reason; conditions are not evaluated', () => {
    const good = begun(jobRun({ successCondition: 'false' }));
    good.jobs.set(JOB, job(JOB, 'Complete'));
    expect(good.settle().status?.phase).toBe('Successful');
    const bad = begun(jobRun());
    expect(bad.settle().status?.phase).toBe('Running');
    bad.jobs.set(JOB, job(JOB, 'Failed'));
    expect(bad.settle().status?.phase).toBe('Failed');
    expect(bad.result.measurements?.[0]?.metadata).toEqual({
      'job-name': JOB,
      'job-namespace': 'shop',
      condition: 'BackoffLimitExceeded: x',
    });
    expect(bad.events()[0]).toBe(
      `MeasurementFailed: Metric 'm' measurement Failed: BackoffLimitExceeded: x; asked: ${JOB}`,
    );
  });

  it('rollouts/A32 a Job that this run created before a crash is taken up, another’s is an error', () => {
    const own = jobRun();
    own.jobs.set(JOB, job(JOB, 'Complete'));
    expect(own.settle().status?.phase).toBe('Successful');
    expect(effects(own)).toEqual([]);
    const foreign = jobRun();
    foreign.jobs.set(JOB, job(JOB, 'Complete', 'u2'));
    expect(foreign.settle().result.measurements?.[0]).toMatchObject({
      phase: 'Error',
      message: `jobs.batch "${JOB}" already exists`,
    });
  });

  it('rollouts/A32 without its name a measurement is an error, and so is a Job that is gone', () => {
    const nameless = new Run({ metrics: [metric({ provider: { job: { spec } } })] }, undefined, {
      phase: 'Running',
      metricResults: [
        { name: 'm', phase: 'Running', measurements: [{ phase: 'Running', startedAt: '2026-01-05T09:00:00Z' }] },
      ],
    });
    nameless.planOnce();
    expect(nameless.result.measurements?.[0]?.message).toBe('job metadata reference missing');
    const gone = begun(jobRun());
    gone.jobs.clear();
    gone.planOnce();
    expect(gone.result.measurements?.[0]?.message).toBe(`job.batch "${JOB}" not found`);
  });

  it('a Job that the API refuses is an error with its words', () => {
    const run = jobRun();
    run.answer = () => ({ ok: false, failure: { code: 'Invalid', message: 'Job.batch "u1.m.1" is invalid: …' } });
    expect(run.settle().result.measurements?.[0]?.message).toBe('Job.batch "u1.m.1" is invalid: …');
  });

  it('rollouts/A32 the name fits into a label', () => {
    const run = { metadata: { uid: 'c9b3a0a4-9b8e-4b0f-9c43-6f3dbb0b6a11' } } as never;
    const name = jobName(run, 'a-very-long-name-of-a-metric-indeed', {
      name: 'm',
      phase: 'Running',
      count: 8,
      error: 1,
    });
    expect(name).toBe('c9b3a0a4-9b8e-4b0f-9c43-6f3dbb0b6a11.a-very-long-name-of-a-m.10');
    expect(name).toHaveLength(63);
  });

  it('rollouts/A37 a Job that is under way at the end is deleted and counts as a success, as in 1.9', () => {
    const run = begun(jobRun());
    run.spec = { ...run.spec, terminate: true };
    run.settle();
    expect(run.result.measurements?.[0]).toMatchObject({ phase: 'Successful', message: 'Metric Terminated' });
    expect([run.status?.phase, run.status?.message]).toEqual(['Successful', 'Run Terminated']);
    expect(effects(run).at(-1)).toEqual({
      effect: 'delete',
      target: { kind: 'Job.batch', namespace: 'shop', name: JOB },
      propagation: 'Foreground',
    });
  });

  it('rollouts/A38 a Job whose pod cannot start keeps the measurement running, as in 1.9', () => {
    expect(begun(jobRun()).settle().status?.phase).toBe('Running');
  });

  it('rollouts/A18 the oldest Jobs go with the measurements that are trimmed', () => {
    const run = jobRun({ interval: '1m' }, { measurementRetention: [{ metricName: 'm', limit: 1 }] });
    for (const ordinal of [1, 2]) {
      const name = `u1.m.${ordinal}`;
      run.jobs.set(name, job(name, 'Complete', 'u1', `2026-01-05T09:0${ordinal}:00Z`));
      run.nowMs += 61_000;
      run.settle();
    }
    expect(effects(run)).toEqual([
      { effect: 'delete', target: { kind: 'Job.batch', namespace: 'shop', name: 'u1.m.1' }, propagation: 'Foreground' },
    ]);
  });
});
