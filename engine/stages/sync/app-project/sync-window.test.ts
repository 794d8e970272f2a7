import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decideSync, describeDecision } from './sync-decision.ts';
import { isActive, matchingWindows, nextWindowChange, type SyncWindow, windowPhase } from './sync-window.ts';
import { validateWindows, windowProblem } from './window-validation.ts';

const at = (text: string) => Date.parse(`2026-01-05T${text}:00Z`);

describe('active (TestSyncWindow_Active)', () => {
  const window: SyncWindow = { schedule: '* 10 * * *', duration: '2h' };
  it.each([
    ['W01', window, '11:00', true],
    ['W02', window, '13:00', false],
    ['W03', { ...window, timeZone: 'Etc/GMT+4' }, '15:00', true],
    ['W04', { ...window, timeZone: 'Etc/GMT+4' }, '17:00', false],
    ['W65', { ...window, timeZone: 'Foo/Bar' }, '11:00', true],
  ])('cd/%s %j at %s UTC: %s', (_id, given, time, active) => {
    expect(isActive(given, at(time))).toBe(active);
  });

  it('cd/W05 cd/W06 refuses a schedule and a duration that do not parse', () => {
    expect(() => isActive({ schedule: '* 10 * * 7', duration: '2h' }, 0)).toThrow(
      "cannot parse schedule '* 10 * * 7': end of range (7) above maximum (6): 7",
    );
    expect(() => isActive({ schedule: '* 10 * * *', duration: '2a' }, 0)).toThrow(
      `cannot parse duration '2a': time: unknown unit "a" in duration "2a"`,
    );
  });

  it('is open at both ends', () => {
    const hour = { schedule: '0 10 * * *', duration: '1h' };
    const times = [at('10:00'), at('10:00') + 1, at('11:00') - 1, at('11:00')];
    expect(times.map((timeMs) => isActive(hour, timeMs))).toEqual([false, true, true, false]);
  });

  it('goes by the offset of now, whichever time is asked about', () => {
    const night = { schedule: '0 2 * * *', duration: '1h', timeZone: 'Europe/Berlin' };
    const winter = Date.parse('2026-01-05T01:30:00Z');
    const summer = Date.parse('2026-07-05T00:30:00Z');
    expect([isActive(night, winter), isActive(night, summer)]).toEqual([true, true]);
    expect(isActive(night, winter, summer), 'asked about winter, in summer').toBe(false);
  });
});

describe('matches', () => {
  const subject = { name: 'test-app', destination: { server: 'cluster1', name: 'clusterName', namespace: 'default' } };
  it.each<[string, SyncWindow, number]>([
    ['W07', { namespaces: ['default'] }, 1],
    ['W08', { clusters: ['cluster1'] }, 1],
    ['W09', { clusters: ['clusterName'] }, 1],
    ['W10', { applications: ['test-app'] }, 1],
    ['W11', { andOperator: true, applications: ['test-app'], namespaces: ['default'] }, 1],
    ['W12', { andOperator: true, applications: ['test-app'], clusters: ['clusterName'] }, 1],
    ['W13', { andOperator: true, applications: ['test-*'], clusters: ['clusterN*'] }, 1],
    ['W14', {}, 0],
    ['W14', { andOperator: true }, 0],
    ['W15', { andOperator: true, applications: ['test-app'], namespaces: ['other'] }, 0],
    ['W16', { applications: ['zzz'], namespaces: ['default'] }, 1],
    ['no negation', { applications: ['!zzz'] }, 0],
  ])('cd/%s %j: %s', (_id, window, count) => {
    expect(matchingWindows([window], subject)).toHaveLength(count);
  });
});

/** `deny/active/manual` as the case table writes windows; the clock stands at 10:30. */
function windowsOf(text: string): SyncWindow[] {
  return text.split(' + ').map((word) => {
    const [kind = '', state, manual, overrun] = word.split('/');
    return {
      kind,
      schedule: state === 'active' ? '0 10 * * *' : '0 20 * * *',
      duration: '1h',
      manualSync: manual === 'true',
      syncOverrun: overrun === 'o',
    };
  });
}

describe('the decision table (TestSyncWindows_CanSync)', () => {
  it.each([
    ['W20', 'deny/inactive/true', true, true],
    ['W21', 'deny/inactive/false', true, true],
    ['W22', 'allow/inactive/true + allow/inactive/false', false, false],
    ['W23', 'allow/active/true', true, true],
    ['W23', 'allow/active/false', true, true],
    ['W24', 'allow/active/false + deny/inactive/false', true, true],
    ['W25', 'allow/inactive/false', false, false],
    ['W26', 'allow/inactive/true', true, false],
    ['W27', 'allow/inactive/false + deny/inactive/false', false, false],
    ['W28', 'allow/active/false + allow/inactive/false', true, true],
    ['W29', 'deny/active/false', false, false],
    ['W30', 'deny/active/true', true, false],
    ['W31', 'deny/active/true + deny/active/true + deny/active/true + deny/active/false', false, false],
    ['W32', 'allow/active/false + deny/active/false', false, false],
    ['W33', 'allow/active/false + deny/active/true', true, false],
  ])('cd/%s %s: manual %s, automatic %s', (_id, text, manual, auto) => {
    const decide = (isManual: boolean) => decideSync(windowsOf(text), { isManual, nowMs: at('10:30') }).allowed;
    expect([decide(true), decide(false)]).toEqual([manual, auto]);
  });

  it('cd/W34 blocks everything under a window that does not parse, and says why', () => {
    for (const isManual of [true, false]) {
      const windows = [...windowsOf('allow/active/true'), { kind: 'allow', schedule: '* 10 * * 7', duration: '2h' }];
      const decision = decideSync(windows, { isManual, nowMs: at('10:30') });
      expect(decision.allowed).toBe(false);
      expect(decision.error).toMatch(/^invalid sync windows: cannot parse schedule '\* 10 \* \* 7': end of range/);
      expect(decision.windows).toEqual(windows.slice(1));
    }
  });

  it('cd/W35 permits everything when no window is about the application', () => {
    expect(decideSync([], { isManual: false, nowMs: 0 })).toMatchObject({ allowed: true, rule: 'no window' });
  });

  it('ignores kinds it does not know, as upstream does', () => {
    const windows = [{ kind: 'Deny', schedule: '0 10 * * *', duration: '1h' }];
    expect(decideSync(windows, { isManual: false, nowMs: at('10:30') }).allowed).toBe(true);
  });
});

describe('overrun (TestSyncWindows_SyncOverrun), the clock at 10:30', () => {
  /** Active now, from 10:00; ended at 10:00, from 9:00; to come, at 20:00. */
  const window = (kind: string, state: 'active' | 'ended' | 'later', syncOverrun: boolean): SyncWindow => ({
    kind,
    schedule: { active: '0 10 * * *', ended: '0 9 * * *', later: '0 20 * * *' }[state],
    duration: '1h',
    syncOverrun,
  });
  const [O, NO] = [true, false];
  const before = '09:30';
  const inside = '10:15';
  it.each<[string, SyncWindow[], string | undefined, boolean]>([
    ['W40', [window('deny', 'active', NO)], before, false],
    ['W41', [window('deny', 'active', O)], undefined, false],
    ['W42', [window('deny', 'active', O)], inside, false],
    ['W43', [window('deny', 'active', O)], before, true],
    ['W44', [window('deny', 'active', O), window('allow', 'later', NO)], before, false],
    ['W45', [window('allow', 'ended', O)], before, true],
    ['W46', [window('allow', 'ended', NO)], before, false],
    ['W47', [window('allow', 'ended', O), window('deny', 'active', NO)], before, false],
    ['W48', [window('allow', 'ended', NO), window('deny', 'active', O)], before, true],
    ['W49', [window('allow', 'ended', O), window('deny', 'active', O)], before, true],
    ['W50', [window('allow', 'ended', NO), window('deny', 'active', NO)], before, false],
    ['W51', [window('allow', 'ended', O), ...[1, 2, 3].map(() => window('deny', 'active', O))], before, true],
    ['W52', [window('deny', 'active', O), window('deny', 'active', NO)], before, false],
    ['W53', [window('allow', 'ended', O), window('allow', 'ended', NO)], before, false],
    ['W54', [window('allow', 'ended', O), window('allow', 'ended', O)], before, true],
    ['W55', [window('allow', 'ended', NO), window('allow', 'active', NO)], before, true],
    ['W56', [window('deny', 'active', NO), window('allow', 'active', NO)], before, false],
    [
      'W57',
      [window('deny', 'active', O), { ...window('allow', 'active', O), schedule: '0 9 * * *', duration: '3h' }],
      before,
      true,
    ],
  ])('cd/%s', (_id, windows, startedAt, allowed) => {
    const startedAtMs = startedAt === undefined ? undefined : at(startedAt);
    expect(decideSync(windows, { isManual: false, startedAtMs, nowMs: at('10:30') }).allowed).toBe(allowed);
  });
});

it('decides 600 drawn cases as upstream does (recorded from Argo CD 3.6-dev, with its clock as an argument)', () => {
  interface Fact {
    windows: SyncWindow[];
    manual: boolean;
    started?: string;
    now: string;
    allowed: boolean;
  }
  const text = readFileSync(join(import.meta.dirname, 'testdata', 'sync-decisions.jsonl'), 'utf8');
  const facts = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Fact);
  const wrong = facts.filter(({ windows, manual, started, now, allowed }) => {
    const startedAtMs = started === undefined ? undefined : Date.parse(started);
    return decideSync(windows, { isManual: manual, startedAtMs, nowMs: Date.parse(now) }).allowed !== allowed;
  });
  expect(facts).toHaveLength(600);
  expect(wrong).toEqual([]);
});

describe('when the state changes', () => {
  it('names the first instant at which it is another', () => {
    const hour = { schedule: '0 10 * * *', duration: '1h' };
    expect(nextWindowChange([hour], at('09:00'))).toBe(at('10:00') + 1);
    expect(nextWindowChange([hour], at('10:30'))).toBe(at('11:00'));
    expect(nextWindowChange([], at('10:30'))).toBeUndefined();
  });

  it('takes openings without a gap for one', () => {
    const phase = windowPhase({ schedule: '* 10 * * *', duration: '2h' }, at('10:30'));
    expect(phase).toEqual({ active: true, startMs: at('10:00'), endMs: at('12:59') });
    expect(windowPhase({ schedule: '0 0 * * *', duration: '24h' }, at('10:30')).endMs).toBeGreaterThan(at('23:00'));
  });

  it('ends a phase where the clocks of its zone change', () => {
    const night = { schedule: '0 2 * * MON', duration: '1h', timeZone: 'Europe/Berlin' };
    const saturday = Date.parse('2026-03-28T12:00:00Z');
    expect(windowPhase(night, saturday).endMs).toBe(Date.parse('2026-03-29T01:00:00Z'));
    expect(windowPhase(night, Date.parse('2026-03-29T01:00:00Z')).endMs).toBe(Date.parse('2026-03-30T00:00:00Z'));
  });

  it('never ends for a schedule that never fires, which upstream takes for active', () => {
    const phase = windowPhase({ schedule: '0 0 30 2 *', duration: '1h' }, at('10:00'));
    expect(phase).toEqual({ active: true, startMs: undefined, endMs: undefined });
  });

  it('agrees with what is active at every minute of two weeks over a change of clocks', () => {
    const window = { schedule: '*/40 1-3 * * *', duration: '35m', timeZone: 'Europe/Berlin' };
    const endMs = Date.parse('2026-04-02T00:00:00Z');
    let phase = windowPhase(window, Date.parse('2026-03-26T00:00:30Z'));
    for (let nowMs = Date.parse('2026-03-26T00:00:30Z'); nowMs < endMs; nowMs += 60_000) {
      if (phase.endMs !== undefined && nowMs >= phase.endMs) phase = windowPhase(window, nowMs);
      expect(phase.active, new Date(nowMs).toISOString()).toBe(isActive(window, nowMs));
    }
  });
});

describe('validation', () => {
  const good: SyncWindow = { kind: 'deny', schedule: '0 2 * * *', duration: '1h', applications: ['*'] };
  it.each<[string, SyncWindow, string | undefined]>([
    ['good', good, undefined],
    ['cd/W61', { ...good, kind: 'x' }, "kind 'x' mismatch: can only be allow or deny"],
    ['cd/W62', { ...good, description: 'd'.repeat(256) }, 'description must not exceed 255 characters'],
    ['cd/W62 at the limit', { ...good, description: 'd'.repeat(255) }, undefined],
    [
      'cd/W64',
      { ...good, applications: [] },
      "window 'deny':'0 2 * * *':'1h' requires one of application, cluster or namespace",
    ],
    ['cd/W65', { ...good, timeZone: 'Foo/Bar' }, undefined],
  ])('%s', (_id, window, problem) => {
    expect(windowProblem(window)).toBe(problem);
  });

  it('cd/W63 finds windows that differ only in how they behave', () => {
    const twin = { ...good, manualSync: true, syncOverrun: true, description: 'another' };
    expect(validateWindows({ syncWindows: [good, twin, { ...good, schedule: '0 3 * * *' }] })).toEqual([
      "spec.syncWindows[1]: sync window with kind 'deny', schedule '0 2 * * *', and duration '1h' already exists (duplicate detected)",
    ]);
  });
});

it('says in words which windows decided', () => {
  const words = (text: string, isManual: boolean) =>
    describeDecision(decideSync(windowsOf(text), { isManual, nowMs: at('10:30') }));
  expect([
    words('deny/active/true', false),
    words('deny/active/true', true),
    words('allow/inactive/false', true),
    words('allow/active/false', false),
    words('deny/inactive/false', false),
  ]).toEqual([
    'inside of deny window deny:0 10 * * *:1h',
    'inside of deny window deny:0 10 * * *:1h, which permits manual syncs',
    'outside of every allow window (allow:0 20 * * *:1h)',
    'inside of allow window allow:0 10 * * *:1h',
    'no deny window is active (deny:0 20 * * *:1h)',
  ]);
});
