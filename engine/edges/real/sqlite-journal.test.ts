import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSqliteJournal, StateVersionError } from './sqlite-journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pern-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const object = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-05T09:00:00Z' },
});

it('gives back what was appended, and not what was removed', () => {
  const file = join(folder, 'objects.db');
  const journal = openSqliteJournal(file);
  journal.append({ op: 'put', resourceVersion: 1, object: object('a') });
  journal.append({ op: 'put', resourceVersion: 2, object: object('b') });
  journal.append({ op: 'remove', resourceVersion: 3, uid: 'a' });
  journal.close();
  const again = openSqliteJournal(file);
  expect(again.load()).toEqual({ resourceVersion: 3, objects: [object('b')] });
  again.close();
});

it('loses nothing that was acknowledged when its process is killed with SIGKILL', () => {
  const file = join(folder, 'objects.db');
  const script = join(folder, 'writer.mts');
  writeFileSync(
    script,
    `import { openSqliteJournal } from ${JSON.stringify(join(import.meta.dirname, 'sqlite-journal.ts'))};
     const journal = openSqliteJournal(${JSON.stringify(file)});
     for (let version = 1; version <= 50; version++) {
       journal.append({ op: 'put', resourceVersion: version, object: { ...${JSON.stringify(object('x'))}, metadata: { ...${JSON.stringify(object('x').metadata)}, uid: String(version) } } });
     }
     process.kill(process.pid, 'SIGKILL');`,
  );
  const run = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', script]);
  expect(run.signal).toBe('SIGKILL');
  const journal = openSqliteJournal(file);
  const { resourceVersion, objects } = journal.load();
  journal.close();
  expect([resourceVersion, objects.length]).toEqual([50, 50]);
});

it('refuses a state of another layout with a sentence that says what to do', () => {
  const file = join(folder, 'objects.db');
  const database = new DatabaseSync(file);
  database.exec('PRAGMA user_version = 99');
  database.close();
  expect(() => openSqliteJournal(file)).toThrow(StateVersionError);
  expect(() => openSqliteJournal(file)).toThrow('pern down --purge');
});

it('refuses one write that fails, and takes the next', () => {
  const journal = openSqliteJournal(join(folder, 'objects.db'));
  // JSON cannot hold a bigint: it fails where a full disk or a lock would, inside the transaction.
  const broken = { ...object('a'), data: { size: 1n } };
  expect(() => journal.append({ op: 'put', resourceVersion: 1, object: broken as never })).toThrow('BigInt');
  journal.append({ op: 'put', resourceVersion: 1, object: object('b') });
  expect(journal.load()).toEqual({ resourceVersion: 1, objects: [object('b')] });
  journal.close();
});
