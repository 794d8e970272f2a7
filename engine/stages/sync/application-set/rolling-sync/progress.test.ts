import { describe, expect, it } from 'vitest';
import { parseTime } from '#core/clock.ts';
import { syncOperation, withoutAutomatedSync } from './operation.ts';
import { assessProgress, computeAllowed, type LiveApplication, progressingStep, promoteWaiting } from './progress.ts';
import type { ApplicationProgress, ProgressStatus, RolloutIssues, RolloutStep } from './types.ts';

const NOW = { text: '2026-01-05T10:00:00Z', toMs: parseTime };
const SINCE = '2026-01-05T09:00:00Z';
const at = (time: string) => parseTime(`2026-01-05T${time}Z`) as number;

const entry = (status: ProgressStatus, application = 'a', step = '1'): ApplicationProgress => ({
  application,
  status,
  step,
  message: 'earlier',
  lastTransitionTime: SINCE,
  targetRevisions: ['r1'],
});
const live = (parts: Partial<LiveApplication> = {}): LiveApplication => ({
  name: 'a',
  syncStatus: 'OutOfSync',
  healthStatus: 'Healthy',
  revisions: ['r1'],
  reconciledAtMs: at('09:30:00'),
  operation: undefined,
  hasError: false,
  specChanged: false,
  ...parts,
});
const assess = (previous: ApplicationProgress[], application = live()) =>
  assessProgress(previous, [application], new Map([['a', 0]]), NOW)[0] as ApplicationProgress;
const SYNCED = { syncStatus: 'Synced' };

describe('statuses', () => {
  it('cd/B20 new and not Synced waits', () => {
    expect(assess([])).toEqual({
      application: 'a',
      status: 'Waiting',
      step: '1',
      message: 'No Application status found, defaulting status to Waiting',
      lastTransitionTime: NOW.text,
      targetRevisions: ['r1'],
    });
  });

  it('cd/B21, cd/B22 new and Synced is Healthy or Progressing', () => {
    expect(assess([], live(SYNCED))).toMatchObject({
      status: 'Healthy',
      message: 'Application resource has synced, updating status to Healthy',
    });
    expect(assess([], live({ ...SYNCED, healthStatus: 'Degraded' }))).toMatchObject({
      status: 'Progressing',
      message: 'Application resource has synced, updating status to Progressing',
    });
  });

  it('cd/B23, cd/B24 a new revision', () => {
    expect(assess([entry('Healthy')], live({ ...SYNCED, revisions: ['r2'] }))).toMatchObject({
      status: 'Healthy',
      targetRevisions: ['r2'],
    });
    expect(assess([entry('Healthy')], live({ revisions: ['r2'] }))).toMatchObject({
      status: 'Waiting',
      message: 'Application has pending changes, setting status to Waiting',
      targetRevisions: ['r2'],
      lastTransitionTime: NOW.text,
    });
  });

  it('cd/B25 stays Healthy when the Application becomes Degraded at the same revision', () => {
    expect(assess([entry('Healthy')], live({ healthStatus: 'Degraded' }))).toEqual(entry('Healthy'));
  });

  it.each([
    ['Running', 'Application resource became Progressing, updating status from Pending to Progressing'],
    ['Succeeded', 'Application resource completed a sync successfully, updating status from Pending to Progressing'],
    ['Failed', 'Application resource completed a sync, updating status from Pending to Progressing'],
    ['Error', 'Application resource completed a sync, updating status from Pending to Progressing'],
  ])('cd/B26 Pending and a sync that is %s since', (phase, message) => {
    const operation = { phase, startedAtMs: at('09:00:01') };
    expect(assess([entry('Pending')], live({ operation }))).toMatchObject({ status: 'Progressing', message });
  });

  it('cd/B27 Pending and an error that keeps it from syncing', () => {
    expect(assess([entry('Pending')], live({ hasError: true }))).toMatchObject({
      status: 'Progressing',
      message: 'Application resource has error and cannot sync, updating status to Progressing',
    });
  });

  it('cd/B28, cd/B29 Pending stays while nothing has happened since', () => {
    const early = { phase: 'Succeeded', startedAtMs: at('09:00:00') };
    expect(assess([entry('Pending')], live({ operation: early }))).toEqual(entry('Pending'));
    const late = { phase: 'Running', startedAtMs: at('09:00:05') };
    const unseen = live({ operation: late, reconciledAtMs: at('08:59:00') });
    expect(assess([entry('Pending')], unseen)).toEqual(entry('Pending'));
    expect(assess([entry('Pending')], live({ operation: late, reconciledAtMs: undefined })).status).toBe('Progressing');
  });

  it('cd/B30, cd/B31 Progressing is over when Synced and Healthy', () => {
    expect(assess([entry('Progressing')], live(SYNCED))).toMatchObject({
      status: 'Healthy',
      message: 'Application resource became Healthy, updating status from Progressing to Healthy',
    });
    const turning = live({ ...SYNCED, healthStatus: 'Progressing' });
    expect(assess([entry('Progressing')], turning)).toEqual(entry('Progressing'));
  });

  it('cd/B32 drops what is gone; cd/B33 what no step selects is step -1', () => {
    expect(assessProgress([entry('Healthy')], [], new Map(), NOW)).toEqual([]);
    expect(assessProgress([entry('Healthy')], [live()], new Map(), NOW)[0]?.step).toBe('-1');
  });

  it('cd/B34, cd/B35 a changed spec makes it wait', () => {
    expect(assess([entry('Healthy')], live({ specChanged: true }))).toMatchObject({
      status: 'Waiting',
      message: 'Application has pending changes (spec differs), setting status to Waiting',
    });
    expect(assess([entry('Healthy')], live({ specChanged: true, revisions: ['r2'] })).message).toBe(
      'Application has pending changes (revision and spec differ), setting status to Waiting',
    );
    expect(assess([entry('Healthy')], live({ specChanged: false }))).toEqual(entry('Healthy'));
  });

  it('a revision in the middle of a sync sends it back to Waiting', () => {
    expect(assess([entry('Progressing')], live({ revisions: ['r2'] })).status).toBe('Waiting');
    expect(assess([entry('Pending')], live({ revisions: ['r2'] })).status).toBe('Waiting');
  });

  it('what does not change keeps its time', () => {
    const first = assess([entry('Healthy')], live({ specChanged: true }));
    const later = { ...NOW, text: '2026-01-05T11:00:00Z' };
    expect(assessProgress([first], [live({ specChanged: true })], new Map([['a', 0]]), later)).toEqual([first]);
  });
});

describe('what may sync', () => {
  const allowed = (steps: string[][], progress: ApplicationProgress[], there = steps.flat()) =>
    [...computeAllowed(steps, progress, new Set(there))].sort();
  const steps = [['a', 'b'], ['c']];

  it('cd/B10, cd/B11 only the first step while one of it is missing or has no status', () => {
    expect(allowed(steps, [entry('Healthy', 'a'), entry('Healthy', 'b')], ['b', 'c'])).toEqual(['a', 'b']);
    expect(allowed(steps, [])).toEqual(['a', 'b']);
  });

  it('cd/B12 an empty step is complete', () => {
    expect(allowed([[], ['c']], [])).toEqual(['c']);
  });

  it('cd/B13 the next step when all are Healthy', () => {
    expect(allowed(steps, [entry('Healthy', 'a'), entry('Healthy', 'b')])).toEqual(['a', 'b', 'c']);
  });

  it.each(['Waiting', 'Pending', 'Progressing'] as const)('cd/B14 only the first step while one is %s', (status) => {
    expect(allowed(steps, [entry('Healthy', 'a'), entry(status, 'b')])).toEqual(['a', 'b']);
  });

  it('cd/B15 what no step selects never may', () => {
    expect(allowed([['a']], [entry('Healthy', 'a'), entry('Waiting', 'x', '-1')], ['a', 'x'])).toEqual(['a']);
  });
});

describe('maxUpdate', () => {
  const issues = (): RolloutIssues => ({
    invalidOperators: [],
    duplicates: new Map(),
    invalidMaxUpdates: [],
    emptySteps: [],
  });
  const promote = (
    statuses: ProgressStatus[],
    maxUpdate: RolloutStep['maxUpdate'],
    allowed = true,
    found = issues(),
  ): ProgressStatus[] => {
    const progress = statuses.map((status, index) => entry(status, `app${index}`));
    const names = progress.map(({ application }) => application);
    const step = maxUpdate === undefined ? {} : { maxUpdate };
    const stepOf = new Map(names.map((name) => [name, 0]));
    const set = new Set(allowed ? names : []);
    return promoteWaiting(progress, set, [step], { stepOf, issues: found }, NOW).map(({ status }) => status);
  };
  const three: ProgressStatus[] = ['Waiting', 'Waiting', 'Waiting'];

  it.each<[string, ProgressStatus[], number | string | undefined, ProgressStatus[]]>([
    ['cd/B40', three, '50%', ['Pending', 'Waiting', 'Waiting']],
    ['cd/B41', three, 0, three],
    ['cd/B41 as a percentage', three, '0%', three],
    ['cd/B42', three, '100%', ['Pending', 'Pending', 'Pending']],
    ['cd/B43', three, '1%', ['Pending', 'Waiting', 'Waiting']],
    [
      'cd/B44',
      ['Progressing', 'Progressing', 'Waiting', 'Waiting'],
      3,
      ['Progressing', 'Progressing', 'Pending', 'Waiting'],
    ],
    ['no limit', three, undefined, ['Pending', 'Pending', 'Pending']],
  ])('%s', (_name, statuses, maxUpdate, expected) => {
    expect(promote(statuses, maxUpdate)).toEqual(expected);
  });

  it('cd/B45 not while the step is not allowed', () => {
    expect(promote(three, undefined, false)).toEqual(three);
  });

  it('one that cannot be read lets one through and is reported once', () => {
    const found = issues();
    expect(promote(three, 'many', true, found)).toEqual(['Pending', 'Waiting', 'Waiting']);
    expect(found.invalidMaxUpdates).toEqual([{ step: 0, maxUpdate: 'many' }]);
  });

  it('what no step selects counts for the first step', () => {
    const progress = [entry('Pending', 'a', '-1'), entry('Waiting', 'b')];
    const assignment = { stepOf: new Map([['b', 0]]), issues: issues() };
    const [, second] = promoteWaiting(progress, new Set(['b']), [{ maxUpdate: 1 }], assignment, NOW);
    expect(second?.status).toBe('Waiting');
  });
});

describe('which step is under way', () => {
  it('the first with an entry that is not Healthy; step -1 and steps without Applications do not count', () => {
    expect(
      progressingStep([entry('Healthy', 'a', '1'), entry('Waiting', 'b', '3'), entry('Waiting', 'c', '-1')], 3),
    ).toBe(3);
    expect(progressingStep([entry('Healthy', 'a', '1'), entry('Waiting', 'c', '-1')], 3)).toBeUndefined();
  });
});

describe('cd/B50 the operation', () => {
  it('names its starter and its reason, and retries five times unless the policy says otherwise', () => {
    expect(syncOperation(undefined)).toEqual({
      initiatedBy: { username: 'applicationset-controller', automated: true },
      info: [{ name: 'Reason', value: 'ApplicationSet RollingSync triggered a sync of this Application resource' }],
      sync: {},
      retry: { limit: 5 },
    });
    const policy = { automated: { prune: true }, syncOptions: ['A=true'], retry: { limit: 1 } };
    expect(syncOperation(policy)).toMatchObject({
      sync: { prune: true, syncOptions: ['A=true'] },
      retry: { limit: 1 },
    });
    expect(syncOperation({ automated: { prune: true, enabled: false } }).sync).toEqual({});
  });

  it('automated sync is disabled, and only that', () => {
    const spec = { project: 'p', syncPolicy: { automated: { prune: true }, syncOptions: ['A=true'] } };
    expect(withoutAutomatedSync(spec)).toEqual({
      project: 'p',
      syncPolicy: { automated: { prune: true, enabled: false }, syncOptions: ['A=true'] },
    });
    expect(withoutAutomatedSync({ project: 'p' })).toEqual({ project: 'p' });
  });
});
