import { describe, expect, it } from 'vitest';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { deletePolicies, hasHookAnnotation, syncPhases, waveOf } from './hooks.ts';
import { generatedName } from './sync-tasks.ts';
import { targetOf } from './targets.ts';
import { isMultiStep, kindRank, sortTasks, type Task, taskId, withPruneWaves } from './tasks.ts';
import type { SyncPhase } from './types.ts';

const HOOK = 'argocd.argoproj.io/hook';
const annotated = (annotations: Record<string, string>) => ({ metadata: { annotations } });

function task(text: string): Task {
  const [phase = 'Sync', wave = '0', kind = 'Pod', name = 'x', namespace = 'ns'] = text.split(' ');
  const manifest: Manifest = { apiVersion: 'v1', kind, metadata: { name, namespace } };
  const target = targetOf(manifest, { instance: 'app', namespace });
  return {
    ...target,
    id: taskId(phase as SyncPhase, target),
    phase: phase as SyncPhase,
    wave: Number(wave),
    isHook: phase !== 'Sync',
    target,
    live: undefined,
    compared: undefined,
  };
}

function prune(name: string, wave: number, last = false): Task {
  const annotations = last ? { 'argocd.argoproj.io/sync-options': 'PruneLast=true' } : {};
  const live = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns', annotations },
  } as unknown as KubeObject;
  return { ...task(`Sync ${wave} Pod ${name}`), target: undefined, live };
}

describe('hooks', () => {
  it.each([
    [{}, ['Sync']],
    [{ [HOOK]: 'PreSync' }, ['PreSync']],
    [{ [HOOK]: 'Sync' }, ['Sync']],
    [{ [HOOK]: 'Skip' }, []],
    [{ [HOOK]: 'Garbage' }, []],
    [{ [HOOK]: 'PostSync' }, ['PostSync']],
    [{ [HOOK]: 'SyncFail' }, ['SyncFail']],
    [{ [HOOK]: 'PreSync,PostSync' }, ['PreSync', 'PostSync']],
    [{ [HOOK]: 'Sync,Sync' }, ['Sync']],
    [{ [HOOK]: 'Skip,PreSync' }, ['PreSync']],
    [{ 'helm.sh/hook': 'pre-install,post-upgrade' }, ['PreSync', 'PostSync']],
    [{ 'helm.sh/hook': 'crd-install' }, ['Sync']],
    [{ 'helm.sh/hook': 'test' }, []],
  ])('cd/E01 %j runs in %j', (annotations, phases) => {
    expect(syncPhases(annotated(annotations))).toEqual(phases);
  });

  it('cd/E02 Argo annotations win over Helm ones', () => {
    expect(syncPhases(annotated({ [HOOK]: 'PostSync', 'helm.sh/hook': 'pre-install' }))).toEqual(['PostSync']);
    expect(hasHookAnnotation(annotated({ [HOOK]: 'Skip' }))).toBe(false);
  });

  it.each([
    [{ 'argocd.argoproj.io/sync-wave': '1' }, 1],
    [{ 'helm.sh/hook-weight': '-2' }, -2],
    [{ 'argocd.argoproj.io/sync-wave': 'x', 'helm.sh/hook-weight': '3' }, 3],
    [{}, 0],
  ])('cd/E03 %j is wave %i', (annotations, wave) => {
    expect(waveOf(annotated(annotations))).toBe(wave);
  });

  it('deletes before creation unless the annotation says otherwise', () => {
    expect(deletePolicies(annotated({}))).toEqual(['BeforeHookCreation']);
    expect(deletePolicies(annotated({ 'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded, HookFailed' }))).toEqual(
      ['HookSucceeded', 'HookFailed'],
    );
  });

  it('cd/E21 names generated hooks after revision, phase and start', () => {
    const manifest: Manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'foo-' } };
    expect(generatedName({ revision: 'foobarbaz', startedAtMs: 1_700_000_000_500 }, manifest, 'PreSync')).toBe(
      'foo-foobarb-presync-1700000000',
    );
  });
});

describe('order', () => {
  const order = (...tasks: string[]) =>
    sortTasks(tasks.map(task)).map(({ phase, wave, name }) => `${phase} ${wave} ${name}`);

  it('cd/E04 ranks known kinds before all others', () => {
    expect(kindRank('Namespace')).toBeLessThan(kindRank('ConfigMap'));
    expect(kindRank('Job')).toBeLessThan(0);
    expect(kindRank('Rollout')).toBe(0);
  });

  it('sorts by phase, wave, kind and name', () => {
    expect(
      order('PostSync 0 Job c', 'Sync 1 Pod b', 'Sync 0 Rollout r', 'Sync 0 Service s', 'Sync 0 Pod b', 'Sync 0 Pod a'),
    ).toEqual(['Sync 0 s', 'Sync 0 a', 'Sync 0 b', 'Sync 0 r', 'Sync 1 b', 'PostSync 0 c']);
  });

  it('cd/E05 puts a namespace before the first task that lives in it', () => {
    expect(
      order('Sync 1 Namespace ns1', 'Sync 1 Namespace ns2', 'PreSync 0 Pod hook1 ns1', 'PreSync 0 Pod hook2 ns2'),
    ).toEqual(['PreSync 0 ns1', 'PreSync 0 hook1', 'PreSync 0 ns2', 'PreSync 0 hook2']);
  });

  it('cd/E07 knows a sync of several steps', () => {
    expect(isMultiStep([])).toBe(false);
    expect(isMultiStep([task('Sync 0')])).toBe(false);
    expect(isMultiStep([task('PreSync -1'), task('PostSync 1')])).toBe(true);
  });
});

describe('waves of prunes', () => {
  const waves = (tasks: Task[]) => Object.fromEntries(withPruneWaves(tasks, []).map(({ name, wave }) => [name, wave]));

  it('cd/E23 are mirrored', () => {
    expect(waves([0, 1, 2, 3, 4].map((wave) => prune(`p${wave}`, wave)))).toEqual({
      p0: 4,
      p1: 3,
      p2: 2,
      p3: 1,
      p4: 0,
    });
  });

  it('cd/E24 are mirrored among themselves', () => {
    expect(waves([task('Sync 2 Pod p2'), prune('p1', 1), prune('p3', 3), prune('p4', 4)])).toEqual({
      p2: 2,
      p1: 4,
      p3: 3,
      p4: 1,
    });
  });

  it('cd/E25 come last with PruneLast', () => {
    const tasks = [task('Sync 0 Namespace ns'), ...[1, 2, 3, 4].map((wave) => prune(`p${wave}`, wave, true))];
    expect(waves(tasks)).toEqual({ ns: 0, p1: 5, p2: 5, p3: 5, p4: 5 });
  });

  it('cd/E26 come last one by one', () => {
    const tasks = [task('Sync 0 Namespace ns'), prune('p1', 1), prune('p2', 2, true), prune('p3', 3), prune('p4', 4)];
    expect(waves(tasks)).toEqual({ ns: 0, p1: 4, p2: 5, p3: 2, p4: 1 });
  });

  it('cd/E27 in a mixed set', () => {
    const tasks = [
      task('Sync -1 Namespace ns'),
      prune('p1', 1),
      prune('p3', 3),
      prune('p4', 3),
      prune('p5', 4),
      prune('p7', 5),
      task('Sync 3 Pod p2'),
      task('Sync 5 Pod p6'),
    ];
    expect(waves(tasks)).toEqual({ ns: -1, p1: 5, p3: 4, p4: 4, p5: 3, p7: 1, p2: 3, p6: 5 });
  });
});
