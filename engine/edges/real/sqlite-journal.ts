import { DatabaseSync } from 'node:sqlite';
import type { KubeObject } from '#kube/object.ts';
import type { Journal } from '#store/journal.ts';

/** The layout of the state file. A file of another layout is refused, never guessed at. */
export const SCHEMA_VERSION = 1;

/** The state folder was written by another version of the engine. */
export class StateVersionError extends Error {
  override name = 'StateVersionError';
}

/**
 * A journal in one SQLite file (WAL): the current state of every object, one row each. With `synchronous=NORMAL` a
 * write survives the end of this process at any moment, `kill -9` included, because the kernel holds the WAL; a power
 * cut may lose the last writes, but never tears one.
 */
export function openSqliteJournal(file: string): Journal & { close(): void } {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;');
  checkVersion(database, file);
  database.exec(`
    CREATE TABLE IF NOT EXISTS objects (uid TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 1), resource_version INTEGER NOT NULL) STRICT;
    INSERT OR IGNORE INTO counter VALUES (1, 0);
  `);
  const put = database.prepare(
    'INSERT INTO objects VALUES (?, ?) ON CONFLICT (uid) DO UPDATE SET body = excluded.body',
  );
  const remove = database.prepare('DELETE FROM objects WHERE uid = ?');
  const count = database.prepare('UPDATE counter SET resource_version = ? WHERE id = 1');
  const begin = database.prepare('BEGIN');
  const commit = database.prepare('COMMIT');
  return {
    load() {
      const rows = database.prepare('SELECT body FROM objects').all() as { body: string }[];
      const row = database.prepare('SELECT resource_version FROM counter').get() as { resource_version: number };
      return {
        resourceVersion: row.resource_version,
        objects: rows.map(({ body }) => JSON.parse(body) as KubeObject),
      };
    },
    append(entry) {
      begin.run();
      try {
        if (entry.op === 'put') put.run(entry.object.metadata.uid, JSON.stringify(entry.object));
        else remove.run(entry.uid);
        count.run(entry.resourceVersion);
        commit.run();
      } catch (error) {
        // A full disk or a lock refuses this write, not every later one. SQLite ends some transactions by itself.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => database.close(),
  };
}

function checkVersion(database: DatabaseSync, file: string): void {
  const { user_version: found } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_master').get() as { tables: number };
  if (found === 0 && tables === 0) {
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    return;
  }
  if (found === SCHEMA_VERSION) return;
  database.close();
  throw new StateVersionError(
    `${file}: this state was written by another version of the engine (layout ${found}, this one reads ${SCHEMA_VERSION}); run "pern down --purge" to start anew`,
  );
}
