import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { sleep } from '../operations/faults.ts';

/** One numbered SQL file. */
export interface Migration {
  version: number;
  /** File name, `0001_create_articles.sql`. */
  file: string;
  sql: string;
  /** SHA-256 of the text, hexadecimal: an applied file must never change. */
  checksum: string;
  /** How it is run: in one transaction; outside of any (`CREATE INDEX CONCURRENTLY`); or again and again, each time in a transaction. */
  mode: 'transaction' | 'no-transaction' | 'repeat';
}

/** A migration that cannot be read or applied; the message says where and what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** Any fixed number does, as long as nothing else in the database locks it; this one spells "pern" in ASCII. */
export const ADVISORY_LOCK = 0x7065726e;

/**
 * Reads all migrations of a folder in order.
 *
 * @throws {MigrationError} on a name that is not `NNNN_name.sql`, a number used twice, or an own BEGIN or COMMIT
 */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const files = await Promise.all(
    names.map(async (file) => ({ file, sql: await readFile(join(folder, file), 'utf8') })),
  );
  return parseMigrations(files);
}

/** See `readMigrations`; the files are given. */
export function parseMigrations(files: readonly { file: string; sql: string }[]): Migration[] {
  const migrations = files.map(({ file, sql }): Migration => {
    const version = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1] ?? 0);
    if (version === 0) throw new MigrationError(`${file}: must be named NNNN_name.sql, in lower case and from 0001 on`);
    const own = /^[ \t]*(BEGIN|START[ \t]+TRANSACTION|COMMIT|ROLLBACK)([ \t]+(WORK|TRANSACTION))?[ \t]*;/im.exec(sql);
    if (own !== null) {
      throw new MigrationError(
        `${file}:${placeOf(sql, own.index + 1)}: remove ${own[1]}, every migration runs in a transaction already`,
      );
    }
    return { version, file, sql, checksum: createHash('sha256').update(sql).digest('hex'), mode: modeOf(file, sql) };
  });
  migrations.sort((a, b) => a.version - b.version);
  for (const [index, migration] of migrations.entries()) {
    const previous = migrations[index - 1];
    if (previous?.version === migration.version)
      throw new MigrationError(`${migration.file}: has the same number as ${previous.file}`);
  }
  return migrations;
}

/**
 * The `-- name: value` lines at the top of a file, which say how it is meant and run; see `database/README.md`.
 * Other comment lines may stand between them.
 */
export function headersOf(sql: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of sql.split('\n')) {
    if (line.trim() !== '' && !line.startsWith('--')) break;
    const [, name, value] = /^-- (phase|release|unused-since|transaction|repeat): +(\S.*?) *$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) headers.set(name, value);
  }
  return headers;
}

function modeOf(file: string, sql: string): Migration['mode'] {
  const headers = headersOf(sql);
  const [transaction, repeat] = [headers.get('transaction'), headers.get('repeat')];
  if (transaction !== undefined && transaction !== 'none')
    throw new MigrationError(`${file}: "-- transaction: ${transaction}" is not known, the only value is "none"`);
  if (repeat !== undefined && repeat !== 'until no rows')
    throw new MigrationError(`${file}: "-- repeat: ${repeat}" is not known, the only value is "until no rows"`);
  if (transaction !== undefined && repeat !== undefined)
    throw new MigrationError(`${file}: "transaction" and "repeat" exclude each other`);
  return transaction !== undefined ? 'no-transaction' : repeat !== undefined ? 'repeat' : 'transaction';
}

/** A row of `schema_migrations`. */
export interface AppliedMigration {
  version: number;
  file: string;
  checksum: string;
}

/**
 * Decides which migrations are still to be applied. Migrations in the database that are newer than all files are fine: an
 * older image runs against a newer schema after a rollback, and rollback never takes a schema back.
 *
 * @throws {MigrationError} when history was rewritten: an applied file changed or vanished, or a new file sorts before an applied one
 */
export function planMigrations(migrations: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const newestApplied = Math.max(0, ...applied.map((row) => row.version));
  const newestFile = Math.max(0, ...migrations.map((migration) => migration.version));
  const byVersion = new Map(applied.map((row) => [row.version, row]));
  for (const row of applied) {
    const known = migrations.some((migration) => migration.version === row.version);
    if (!known && row.version < newestFile)
      throw new MigrationError(`${row.file}: was applied but its file is missing; restore it`);
  }
  return migrations.filter((migration) => {
    const row = byVersion.get(migration.version);
    if (row === undefined && migration.version < newestApplied) {
      throw new MigrationError(
        `${migration.file}: a newer migration was applied already; give this one a number above ${newestApplied}`,
      );
    }
    if (row !== undefined && row.checksum !== migration.checksum) {
      throw new MigrationError(
        `${migration.file}: changed after it was applied as ${row.file}; restore it and write a new migration`,
      );
    }
    return row === undefined;
  });
}

export interface ApplyOptions {
  /** Patience with another process that is migrating. */
  waitMs: number;
  /** Limit of a statement's wait for a table lock. */
  lockTimeoutMs: number;
  /** Told after each migration. */
  onApplied: (migration: Migration) => void;
}

/**
 * Brings the schema up to date under an advisory lock, each migration in a transaction of its own together with its record,
 * unless its headers ask for another way.
 * Running it again, or from several places at once, applies nothing twice.
 *
 * @returns the number of migrations applied
 */
export async function applyMigrations(
  client: pg.Client,
  migrations: readonly Migration[],
  options: ApplyOptions,
): Promise<number> {
  await acquireLock(client, options.waitMs);
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
      version integer PRIMARY KEY,
      file text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
    const { rows } = await client.query<AppliedMigration>(
      'SELECT version, file, checksum FROM schema_migrations ORDER BY version',
    );
    const pending = planMigrations(migrations, rows);
    for (const migration of pending) {
      await applyMigration(client, migration, options.lockTimeoutMs);
      options.onApplied(migration);
    }
    return pending.length;
  } finally {
    // A broken connection has lost the lock anyway, and its own error matters more.
    await client.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCK]).catch(() => undefined);
  }
}

/**
 * Asks again and again instead of waiting inside PostgreSQL: a waiting statement holds a snapshot, and
 * `CREATE INDEX CONCURRENTLY` of the process that has the lock would wait for that snapshot for ever.
 */
async function acquireLock(client: pg.Client, waitMs: number): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += LOCK_POLL_MS) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      ADVISORY_LOCK,
    ]);
    if (rows[0]?.locked) return;
    if (waitedMs >= waitMs) {
      throw new MigrationError(
        `another migration has been running for more than ${waitMs} ms; look at it, then run again`,
      );
    }
    await sleep(Math.min(LOCK_POLL_MS, waitMs));
  }
}

const LOCK_POLL_MS = 100;

async function applyMigration(client: pg.Client, migration: Migration, lockTimeoutMs: number): Promise<void> {
  try {
    if (migration.mode === 'no-transaction') return await applyOutsideTransaction(client, migration, lockTimeoutMs);
    if (migration.mode === 'repeat')
      while ((await inTransaction(client, lockTimeoutMs, () => client.query(migration.sql))).rowCount !== 0);
    await inTransaction(client, lockTimeoutMs, async () => {
      if (migration.mode === 'transaction') await client.query(migration.sql);
      await record(client, migration);
    });
  } catch (error) {
    throw describeFailure(migration, error, lockTimeoutMs);
  }
}

/** Such a file may have been interrupted half-way, so it has to be repeatable; what an index build left behind is removed first. */
async function applyOutsideTransaction(client: pg.Client, migration: Migration, lockTimeoutMs: number): Promise<void> {
  await client.query(`SET lock_timeout = ${lockTimeoutMs}`);
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name FROM pg_index i
       JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE NOT i.indisvalid AND n.nspname = current_schema() AND position(lower(c.relname) IN lower($1)) > 0`,
      [migration.sql],
    );
    for (const { name } of rows) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    await client.query(migration.sql);
    await record(client, migration);
  } finally {
    await client.query('RESET lock_timeout').catch(() => undefined);
  }
}

async function inTransaction<T>(client: pg.Client, lockTimeoutMs: number, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

function record(client: pg.Client, { version, file, checksum }: Migration): Promise<unknown> {
  const text = 'INSERT INTO schema_migrations (version, file, checksum) VALUES ($1, $2, $3)';
  return client.query(text, [version, file, checksum]);
}

function describeFailure(migration: Migration, error: unknown, lockTimeoutMs: number): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const place = error.position === undefined ? '' : `:${placeOf(migration.sql, Number(error.position))}`;
  const fix =
    error.code === '55P03' ? `; a lock was not free within ${lockTimeoutMs} ms, run again when traffic is low` : '';
  const rest =
    migration.mode === 'transaction'
      ? 'nothing of this file was applied'
      : 'this file may be applied in part, running it again goes on from there';
  return new MigrationError(`${migration.file}${place}: ${error.message} (${error.code})${fix}; ${rest}`);
}

/** `line:column` of a character position counted from 1. */
function placeOf(sql: string, position: number): string {
  const before = sql.slice(0, position - 1).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}
