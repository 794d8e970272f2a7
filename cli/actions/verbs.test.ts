import { describe, expect, it } from 'vitest';
import type { Application } from '../view/environments.ts';
import type { Rollout } from '../view/rollout-model.ts';
import { planSync } from './app-sync.ts';
import { planVerb } from './rollout-verbs.ts';

const steps = [{ setWeight: 20 }, { pause: {} }, { analysis: { templates: [] } }];

function rollout(status: Record<string, unknown>, spec: Record<string, unknown> = {}): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'backend', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: { strategy: { canary: { steps } }, ...spec },
    status: { currentPodHash: 'new', stableRS: 'old', ...status },
  } as unknown as Rollout;
}

const onStatus = (fields: Record<string, unknown>) => ({ subresource: 'status', patch: { status: fields } });

describe('planVerb: field changes of argo-rollouts §1.15 (rollouts/K03)', () => {
  it('promote of a pause step clears the pause', () => {
    const paused = rollout({
      currentStepIndex: 1,
      pauseConditions: [{ reason: 'CanaryPauseStep' }],
      controllerPause: true,
    });
    expect(planVerb('promote', paused, 'next')).toEqual([onStatus({ pauseConditions: null })]);
  });

  it('promote of a manual pause unpauses the spec', () => {
    const unpause = { patch: { spec: { paused: false } } };
    // As kubectl argo rollouts 1.9: the step is skipped too.
    expect(planVerb('promote', rollout({ currentStepIndex: 1 }, { paused: true }), 'next')).toEqual([
      unpause,
      onStatus({ pauseConditions: null, currentStepIndex: 2 }),
    ]);
    const both = rollout({ currentStepIndex: 1, pauseConditions: [{ reason: 'CanaryPauseStep' }] }, { paused: true });
    expect(planVerb('promote', both, 'next')).toEqual([unpause, onStatus({ pauseConditions: null })]);
  });

  it('promote of a running step goes to the next one, and never past the last', () => {
    expect(planVerb('promote', rollout({ currentStepIndex: 0 }), 'next')).toEqual([
      onStatus({ pauseConditions: null, currentStepIndex: 1 }),
    ]);
    expect(planVerb('promote', rollout({ currentStepIndex: 3 }), 'next')).toEqual([]);
  });

  it('promote of an inconclusive analysis step accepts it', () => {
    const inconclusive = rollout({
      currentStepIndex: 2,
      pauseConditions: [{ reason: 'InconclusiveAnalysisRun' }],
      controllerPause: true,
      canary: { currentStepAnalysisRunStatus: { status: 'Inconclusive' } },
    });
    expect(planVerb('promote', inconclusive, 'next')).toEqual([
      onStatus({ pauseConditions: null, controllerPause: false, currentStepIndex: 3 }),
    ]);
  });

  it('promote --full asks for it, unless the version is stable already', () => {
    expect(planVerb('promote', rollout({}), 'full')).toEqual([onStatus({ promoteFull: true })]);
    expect(planVerb('promote', rollout({ stableRS: 'new' }), 'full')).toEqual([]);
  });

  it('--skip-current-step and --skip-all-steps set the step', () => {
    const running = rollout({ currentStepIndex: 1 });
    expect(planVerb('promote', running, 'step')).toEqual([onStatus({ currentStepIndex: 2 })]);
    expect(planVerb('promote', running, 'all')).toEqual([onStatus({ currentStepIndex: 3 })]);
  });

  it('a blue-green rollout is promoted by ending its pause', () => {
    const paused = rollout({ pauseConditions: [{ reason: 'BlueGreenPause' }] }, { strategy: { blueGreen: {} } });
    expect(planVerb('promote', paused, 'next')).toEqual([onStatus({ pauseConditions: null })]);
  });

  it('abort, retry and pause', () => {
    expect(planVerb('abort', rollout({}), 'next')).toEqual([onStatus({ abort: true })]);
    expect(planVerb('retry', rollout({ abort: true }), 'next')).toEqual([onStatus({ abort: false })]);
    expect(() => planVerb('retry', rollout({}), 'next')).toThrow('is not aborted');
    expect(planVerb('pause', rollout({}), 'next')).toEqual([{ patch: { spec: { paused: true } } }]);
  });
});

describe('planSync', () => {
  const request = { revision: undefined, prune: false, dryRun: false, resources: [], user: 'ann' };
  const application = (more: Record<string, unknown> = {}, automated = true): Application =>
    ({
      metadata: { name: 'pern-app-staging', namespace: 'argocd' },
      spec: {
        project: 'p',
        source: { repoURL: 'r', targetRevision: 'main', path: 'x' },
        destination: {},
        syncPolicy: automated ? { automated: {}, syncOptions: ['ServerSideApply=true'] } : {},
      },
      ...more,
    }) as unknown as Application;

  it('asks for a sync, with the options of the application, and drops the old operation state', () => {
    expect(planSync(application({ status: {} }), { ...request, prune: true })).toEqual({
      operation: {
        initiatedBy: { username: 'ann' },
        sync: { prune: true, syncStrategy: { hook: {} }, syncOptions: ['ServerSideApply=true'] },
      },
      status: { operationState: null },
    });
  });

  it('takes resources as GROUP:KIND:NAME with an optional namespace', () => {
    const resources = ['argoproj.io:Rollout:backend', ':Service:ns/web'];
    expect(planSync(application(), { ...request, resources })).toMatchObject({
      operation: {
        sync: {
          resources: [
            { group: 'argoproj.io', kind: 'Rollout', name: 'backend' },
            { group: '', kind: 'Service', namespace: 'ns', name: 'web' },
          ],
        },
      },
    });
    expect(() => planSync(application(), { ...request, resources: ['Rollout/backend'] })).toThrow(
      'is not GROUP:KIND:NAME',
    );
  });

  it('refuses a second operation', () => {
    const running = { status: { operationState: { phase: 'Running' } } };
    expect(() => planSync(application(running), request)).toThrow('another operation is already in progress');
    expect(() => planSync(application({ operation: {} }), request)).toThrow('another operation is already in progress');
  });

  it('refuses another revision while auto-sync is on', () => {
    expect(() => planSync(application(), { ...request, revision: 'v1' })).toThrow(
      'cannot sync pern-app-staging to v1: auto-sync currently set to main',
    );
    expect(planSync(application({}, false), { ...request, revision: 'v1' })).toMatchObject({
      operation: { sync: { revision: 'v1' } },
    });
    expect(planSync(application(), { ...request, revision: 'main' })).toMatchObject({
      operation: { sync: { revision: 'main' } },
    });
  });
});
