import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openSqliteJournal } from '#edges/real/sqlite-journal.ts';
import { keepPrivate } from './private-file.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

it.each([
  ['a new database', () => {}],
  ['a database that others could read', (file: string) => writeFileSync(file, '', { mode: 0o644 })],
])('closes %s to other users, with what SQLite keeps beside it', (_title, prepare) => {
  const folder = mkdtempSync(join(tmpdir(), 'pern-private-'));
  folders.push(folder);
  const file = join(folder, 'objects.db');
  prepare(file);
  keepPrivate(file);
  const journal = openSqliteJournal(file);
  journal.append({ op: 'remove', resourceVersion: 1, uid: 'none' });
  expect([file, `${file}-wal`, `${file}-shm`].map(modeOf)).toEqual(['600', '600', '600']);
  journal.close();
});
