import { expect, it } from 'vitest';
import { builtInAdmission } from '#api/admission.ts';
import type { Controller } from '#control/controller.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Machine } from '#edges/ports.ts';
import { volatileJournal } from '#store/journal.ts';
import { VirtualTime } from '../../edges/sim/virtual-time.ts';
import { Engine } from '../../host/engine.ts';
import { jobController } from '../../workloads/job/controller.ts';
import { analysisRunController } from './controller.ts';
import type { AnalysisRun, JobProvider } from './types.ts';

/** The engine with its own rules of admission and its own Jobs; pods are created, and nothing runs them. */
function measured(job: JobProvider): { engine: Engine; run: () => AnalysisRun } {
  const nothing = () => {};
  const none = () => nothing;
  const machine: Machine = {
    node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer: none },
    traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
    metrics: { setScrapes: nothing, answer: none },
    source: { answer: none },
  };
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  const entropy = seededEntropy(1);
  const engine = new Engine({
    scheduler: time,
    ids: entropyIds(entropy),
    entropy,
    journal: volatileJournal,
    admission: builtInAdmission({ serviceNetwork: '127.17' }),
    machine,
    controllers: [analysisRunController, jobController] as unknown as Controller<never>[],
  });
  engine.start();
  engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  engine.resources.create({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', namespace: 'shop' },
    spec: { metrics: [{ name: 'smoke', count: 1, provider: { job } }] },
  });
  time.runUntil(() => false, { untilMs: time.now() + 1000, stepsMax: 10_000 });
  return {
    engine,
    run: () => engine.store.get('AnalysisRun.argoproj.io', 'shop', 'run') as unknown as AnalysisRun,
  };
}

const containers = [{ name: 'check', image: 'check:1' }];

it('a Job that the API takes is there, with its pod, and belongs to the run', () => {
  const { engine, run } = measured({ spec: { template: { spec: { restartPolicy: 'Never', containers } } } });
  const [job] = engine.store.list('Job.batch', 'shop');
  expect(job?.metadata.name).toBe(`${run().metadata.uid}.smoke.1`);
  expect(engine.store.ownedBy('Pod', job?.metadata.uid ?? '')).toHaveLength(1);
  expect(run().status?.metricResults?.[0]?.measurements?.[0]?.phase).toBe('Running');
});

it('a Job that the API refuses is an error measurement in the API’s words, never a hang', () => {
  const { engine, run } = measured({ spec: { template: { spec: { restartPolicy: 'Always', containers } } } });
  expect(engine.store.list('Job.batch', 'shop')).toEqual([]);
  const [measurement] = run().status?.metricResults?.[0]?.measurements ?? [];
  expect(measurement?.phase).toBe('Error');
  expect(measurement?.message).toMatch(/^Job\.batch ".*\.smoke\.1" is invalid: spec\.template\.spec\.restartPolicy: /);
});
