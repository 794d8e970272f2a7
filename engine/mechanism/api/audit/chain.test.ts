import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube/object.ts';
import { matchesFilter, verifyChain } from './chain.ts';
import { engineActs } from './engine-acts.ts';
import {
  type AuditEntry,
  type AuditHead,
  type AuditRecord,
  BEFORE_FIRST,
  chained,
  headOf,
  parseRecord,
  recordLine,
} from './record.ts';

const entry = (verb: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  time: '2026-01-01T00:00:00.000Z',
  identity: 'ann',
  groups: ['dev'],
  source: '127.0.0.1:1',
  verb,
  object: 'Application.argoproj.io argocd/web',
  outcome: 'allowed',
  rule: 'line',
  ...more,
});

function chain(count: number, from: AuditHead = BEFORE_FIRST): AuditRecord[] {
  const records: AuditRecord[] = [];
  let head = from;
  for (let index = 0; index < count; index++) {
    const record = chained(entry(`act-${index}`), head);
    records.push(record);
    head = headOf(record);
  }
  return records;
}

const textOf = (records: readonly AuditRecord[]) => records.map((record) => `${recordLine(record)}\n`).join('');
const check = (text: string, head?: AuditHead) =>
  verifyChain([{ name: 'f', text }], head).findings.map(({ line, message }) => `${line}: ${message}`);

describe('a chain of records', () => {
  const records = chain(5);
  const lines = records.map(recordLine);
  const head = headOf(records[4] as AuditRecord);
  const file = (changed: readonly string[]) => changed.map((line) => `${line}\n`).join('');

  it('that is whole has no findings, over several files too', () => {
    expect(check(textOf(records), head)).toEqual([]);
    const report = verifyChain(
      [
        { name: 'a', text: textOf(records.slice(0, 2)) },
        { name: 'b', text: textOf(records.slice(2)) },
      ],
      head,
    );
    expect([report.findings, report.records.length, report.head]).toEqual([[], 5, head]);
  });

  it('shows an edited line, and one that was edited with a new hash of its own', () => {
    const edited = lines.with(2, (lines[2] as string).replace('"ann"', '"bob"'));
    expect(check(file(edited), head)).toEqual([
      '3: the line was changed: it is no record, or its hash is not that of its content',
    ]);
    const forged = chained(entry('forged'), headOf(records[1] as AuditRecord));
    expect(check(file(lines.with(2, recordLine(forged))), head)).toEqual([
      '4: the record before this line was replaced',
    ]);
  });

  it('shows a deleted, a moved and a repeated line', () => {
    expect(check(file(lines.toSpliced(1, 1)), head)).toEqual(['2: 1 record is missing before this line']);
    const moved = [lines[0], lines[2], lines[1], lines[3], lines[4]] as string[];
    expect(check(file(moved), head).length).toBeGreaterThan(0);
    expect(check(file(lines.toSpliced(1, 0, lines[0] as string)), head).join()).toContain('was moved or written twice');
  });

  it('shows a tail that was cut off, and lines that were added behind the head', () => {
    expect(check(file(lines.slice(0, 3)), head)).toEqual([
      '0: 2 record(s) were cut off at the end: the head is at 5, the files end at 3',
    ]);
    expect(check('', head)[0]).toContain('5 record(s) were cut off');
    expect(check(textOf([...records, ...chain(2, head)]), head).join()).toContain('2 records follow the head at 5');
    expect(check(textOf([...records, ...chain(1, head)]), head)).toEqual([]);
    expect(check(textOf(chain(5)), { sequence: 5, hash: 'f'.repeat(64) })).toEqual([
      '0: record 5 is not the one the head was written for',
    ]);
  });

  it('may begin late when a rotation says what was dropped', () => {
    const rest = records.slice(2);
    expect(check(textOf(rest), head)).toEqual([
      '1: the chain begins at record 3, and no rotation says that older ones were dropped',
    ]);
    const rotate = chained(entry('rotate', { dropped: headOf(records[1] as AuditRecord) }), head);
    expect(check(textOf([...rest, rotate]), headOf(rotate))).toEqual([]);
  });

  it('tells of a torn last line, which is no tampering', () => {
    const report = verifyChain([{ name: 'f', text: `${textOf(records)}{"half` }], head);
    expect([report.tornBytes, report.findings]).toEqual([6, []]);
  });

  it('keeps reporting what the engine found wrong at a start', () => {
    const noted = chained(entry('tamper', { rule: 'records were cut off' }), head);
    expect(check(textOf([...records, noted]), headOf(noted))).toEqual([
      '6: recorded by the engine at its start: records were cut off',
    ]);
  });

  it('shows any change of any byte, and never throws', () => {
    const text = textOf(records);
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.constantFrom('x', '0', '"', '\n', ' ', '}'), (at, character) => {
        fc.pre(text[at] !== character);
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        const report = verifyChain([{ name: 'f', text: changed }], head);
        expect(report.findings.length + report.tornBytes).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.string(), (line) => parseRecord(line) === undefined),
      { numRuns: 200 },
    );
  });
});

it('filters by who, what, when and outcome', () => {
  const record = chained(
    entry('create-token', { outcome: 'refused', message: 'token x', commit: 'abc' }),
    BEFORE_FIRST,
  );
  expect(matchesFilter(record, { who: 'dev', what: 'token', since: '2025-01-01', refused: true })).toBe(true);
  for (const filter of [{ who: 'bob' }, { what: 'delete' }, { since: '2027' }])
    expect(matchesFilter(record, filter)).toBe(false);
  expect(matchesFilter({ ...record, outcome: 'allowed' }, { refused: true })).toBe(false);
});

describe('acts of the engine', () => {
  const app = (status: object) =>
    ({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: 'web', namespace: 'argocd', uid: 'u', resourceVersion: '7' },
      status,
    }) as unknown as KubeObject;
  const state = (more: object) => ({
    operationState: {
      startedAt: 's',
      operation: { initiatedBy: { automated: true }, sync: { revision: 'abc' } },
      ...more,
    },
  });

  it('are syncs with their commit, begun and ended, once each', () => {
    const begun = app(state({ phase: 'Running' }));
    const ended = app(state({ phase: 'Failed', message: 'no', finishedAt: 'f' }));
    expect(engineActs({ type: 'MODIFIED', object: begun, previous: app({}), resourceVersion: 7 })).toMatchObject([
      { identity: 'engine', verb: 'sync-started', commit: 'abc', outcome: 'allowed' },
    ]);
    expect(engineActs({ type: 'MODIFIED', object: begun, previous: begun, resourceVersion: 7 })).toEqual([]);
    expect(engineActs({ type: 'MODIFIED', object: ended, previous: begun, resourceVersion: 7 })).toMatchObject([
      { verb: 'sync-ended', outcome: 'failed', message: 'Failed: no' },
    ]);
  });

  it('are attributed to whoever asked', () => {
    const manual = app({
      operationState: { startedAt: 's', phase: 'Running', operation: { initiatedBy: { username: 'ann' } } },
    });
    expect(engineActs({ type: 'ADDED', object: manual, resourceVersion: 7 })).toMatchObject([
      { identity: 'ann', rule: 'requested' },
    ]);
  });

  it('are error conditions that appear, and warnings about Argo objects', () => {
    const bad = app({
      conditions: [
        { type: 'ComparisonError', message: 'bad signature' },
        { type: 'SharedResourceWarning', message: 'x' },
      ],
    });
    expect(engineActs({ type: 'MODIFIED', object: bad, previous: app({}), resourceVersion: 7 })).toMatchObject([
      { verb: 'condition', outcome: 'refused', rule: 'ComparisonError', message: 'bad signature' },
    ]);
    expect(engineActs({ type: 'MODIFIED', object: bad, previous: bad, resourceVersion: 7 })).toEqual([]);
    const event = (kind: string, type: string) =>
      ({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'e', namespace: 'argocd', uid: 'e' },
        involvedObject: { apiVersion: 'argoproj.io/v1alpha1', kind, namespace: 'argocd', name: 'web' },
        source: { component: 'application' },
        reason: 'SyncWindow',
        message: 'blocked',
        type,
      }) as unknown as KubeObject;
    const acts = (kind: string, type: string) =>
      engineActs({ type: 'ADDED', object: event(kind, type), resourceVersion: 7 });
    expect(acts('Application', 'Warning')).toMatchObject([
      { verb: 'SyncWindow', source: 'engine/application', outcome: 'refused' },
    ]);
    const at = (minute: number) => ({
      ...event('Application', 'Warning'),
      lastTimestamp: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`,
    });
    const again = (from: number, to: number) =>
      engineActs({ type: 'MODIFIED', object: at(to), previous: at(from), resourceVersion: 8 }).length;
    expect([again(1, 2), again(1, 6)]).toEqual([0, 1]);
    expect(acts('Application', 'Normal')).toEqual([]);
    expect(acts('AnalysisRun', 'Warning')).toEqual([]);
  });
});
