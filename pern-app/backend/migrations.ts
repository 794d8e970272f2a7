import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** One numbered SQL file. */
export interface Migration {
  version: number;
  /** File name, `0001_create_articles.sql`. */
  file: string;
  sql: string;
  /** SHA-256 of the text, hexadecimal: an applied file must never change. */
  checksum: string;
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
    return { version, file, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
  migrations.sort((a, b) => a.version - b.version);
  for (const [index, migration] of migrations.entries()) {
    const previous = migrations[index - 1];
    if (previous?.version === migration.version)
      throw new MigrationError(`${migration.file}: has the same number as ${previous.file}`);
  }
  return migrations;
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
 * Brings the schema up to date under an advisory lock, each migration in a transaction of its own together with its record.
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

async function acquireLock(client: pg.Client, waitMs: number): Promise<void> {
  try {
    await client.query(`SET lock_timeout = ${Math.max(1, waitMs)}`);
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '55P03') throw error;
    throw new MigrationError(
      `another migration has been running for more than ${waitMs} ms; look at it, then run again`,
    );
  }
}

async function applyMigration(client: pg.Client, migration: Migration, lockTimeoutMs: number): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
    await client.query(migration.sql);
    await client.query('INSERT INTO schema_migrations (version, file, checksum) VALUES ($1, $2, $3)', [
      migration.version,
      migration.file,
      migration.checksum,
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw describeFailure(migration, error, lockTimeoutMs);
  }
}

function describeFailure(migration: Migration, error: unknown, lockTimeoutMs: number): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const place = error.position === undefined ? '' : `:${placeOf(migration.sql, Number(error.position))}`;
  const fix =
    error.code === '55P03' ? `; a lock was not free within ${lockTimeoutMs} ms, run again when traffic is low` : '';
  return new MigrationError(
    `${migration.file}${place}: ${error.message} (${error.code})${fix}; nothing of this file was applied`,
  );
}

/** `line:column` of a character position counted from 1. */
function placeOf(sql: string, position: number): string {
  const before = sql.slice(0, position - 1).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}
