import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ChainReport, verifyChain } from '#api/audit/chain.ts';
import type { AuditEntry } from '#api/audit/record.ts';
import { AuditLog, auditFiles, readHead } from './audit-log.ts';

let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'pern-audit-'));
  folder = join(parent, 'audit');
});

afterEach(() => rmSync(parent, { recursive: true }));

const open = (more: { fileBytesMax?: number; filesMax?: number } = {}) =>
  new AuditLog({ folder, now: () => Date.UTC(2026, 0, 1), syncAfterMs: 0, ...more });

const entry = (verb: string): AuditEntry => ({
  time: '2026-01-01T00:00:00.000Z',
  identity: 'ann',
  groups: [],
  source: '127.0.0.1:1',
  verb,
  object: 'Application.argoproj.io argocd/web',
  outcome: 'allowed',
  rule: 'line',
});

function verify(): ChainReport {
  const files = auditFiles(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
  return verifyChain(files, readHead(folder));
}

const verbs = () => verify().records.map(({ verb, outcome }) => `${verb} ${outcome}`);

it('records, and goes on with the chain after a restart', () => {
  const first = open();
  first.append(entry('one'));
  first.close();
  const second = open();
  second.append(entry('two'));
  second.close();
  expect(verify()).toMatchObject({ findings: [], tornBytes: 0, head: { sequence: 2 } });
  expect(verbs()).toEqual(['one allowed', 'two allowed']);
  expect(statSync(join(folder, 'audit-000001.jsonl')).mode & 0o777).toBe(0o600);
});

it('is whole without being closed, as after kill -9', () => {
  const log = open();
  log.append(entry('one'));
  expect(verify()).toMatchObject({ findings: [], head: { sequence: 1 } });
  log.close();
});

it('removes a torn last line and says so', () => {
  const log = open();
  log.append(entry('one'));
  log.close();
  appendFileSync(join(folder, 'audit-000001.jsonl'), '{"half":');
  open().close();
  expect(verbs()).toEqual(['one allowed', 'recover allowed']);
  expect(verify().findings).toEqual([]);
  expect(verify().records[1]?.rule).toContain('8 bytes');
});

it('records an act it did not survive as unknown, once', () => {
  const log = open();
  log.append(entry('one'));
  log.begin(entry('two'));
  log.close();
  open().close();
  open().close();
  expect(verbs()).toEqual(['one allowed', 'two unknown']);
});

it('does not record an act twice that was recorded before the end', () => {
  const log = open();
  log.begin(entry('one'));
  const pending = readFileSync(join(folder, 'pending.json'), 'utf8');
  log.append(entry('one'));
  log.close();
  writeFileSync(join(folder, 'pending.json'), pending);
  open().close();
  expect(verbs()).toEqual(['one allowed']);
});

it('says so when the note of a begun act cannot be read', () => {
  open().close();
  writeFileSync(join(folder, 'pending.json'), '{"seq');
  open().close();
  expect(verbs()).toEqual(['recover allowed']);
});

it('notices at its start that the tail was cut off, and never forgets it', () => {
  const log = open();
  for (const verb of ['one', 'two', 'three']) log.append(entry(verb));
  log.close();
  const file = join(folder, 'audit-000001.jsonl');
  const [first = ''] = readFileSync(file, 'utf8').split('\n');
  truncateSync(file, first.length + 1);
  expect(verify().findings[0]?.message).toContain('2 record(s) were cut off');
  const next = open();
  next.append(entry('four'));
  next.close();
  const { findings, head } = verify();
  expect(findings.map(({ message }) => message).join('\n')).toContain('recorded by the engine at its start');
  expect(head?.sequence).toBe(5);
});

it.each([
  ['deleted', (head: string) => rmSync(head)],
  ['unreadable', (head: string) => writeFileSync(head, 'nonsense')],
])('notices a head that was %s', (_how, spoil) => {
  const log = open();
  log.append(entry('one'));
  log.close();
  spoil(join(parent, 'audit-head'));
  open().close();
  expect(verbs()).toEqual(['one allowed', 'tamper failed']);
});

it('does not mistake a head that is one behind (killed between two writes) for tampering', () => {
  const log = open();
  log.append(entry('one'));
  const head = readFileSync(join(parent, 'audit-head'), 'utf8');
  log.append(entry('two'));
  log.close();
  writeFileSync(join(parent, 'audit-head'), head);
  open().close();
  expect(verify().findings).toEqual([]);
  expect(verbs()).toEqual(['one allowed', 'two allowed']);
});

it('rotates, keeps a bounded number of files, and the chain stays whole', () => {
  const log = open({ fileBytesMax: 1500, filesMax: 2 });
  for (let index = 0; index < 30; index++) log.append(entry(`act-${index}`));
  log.close();
  const report = verify();
  expect(auditFiles(folder)).toHaveLength(2);
  expect(report.findings).toEqual([]);
  expect(report.records[0]?.sequence).toBeGreaterThan(1);
  expect(report.head?.sequence).toBeGreaterThan(30);
  const again = open({ fileBytesMax: 1500, filesMax: 2 });
  again.append(entry('after'));
  again.close();
  expect(verify().findings).toEqual([]);
});

it('shows when the oldest file was deleted by somebody else', () => {
  const log = open({ fileBytesMax: 1500, filesMax: 5 });
  for (let index = 0; index < 10; index++) log.append(entry(`act-${index}`));
  log.close();
  rmSync(join(folder, auditFiles(folder)[0] as string));
  expect(verify().findings[0]?.message).toContain('no rotation says');
});

it('survives the moment between opening the next file and writing into it', () => {
  const log = open();
  log.append(entry('one'));
  log.close();
  writeFileSync(join(folder, 'audit-000002.jsonl'), '');
  const next = open();
  next.append(entry('two'));
  next.close();
  expect(verify().findings).toEqual([]);
  expect(verbs()).toEqual(['one allowed', 'two allowed']);
});
