import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { sleep } from '../operations/faults.ts';
import { createLogger, type Logger } from '../operations/logging.ts';
import { exitWithStartupError } from '../operations/service.ts';
import { type MigrateConfig, parseMigrateConfig } from './config.ts';
import { connectionSettings, describe } from './database.ts';
import { applyMigrations, MigrationError, readMigrations } from './migrations.ts';

const RETRY_DELAY_MS = 250;
/** Not there yet: refused, unknown name, reset, timed out, starting up, too many connections, shutting down. */
const PASSING = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|57P0\d|53300)$/;

/** Entry point of the migration Job: `node migrate.js`. Exit code 0 when the schema is up to date. */
try {
  const config = parseMigrateConfig(process.env);
  await migrate(config);
} catch (error) {
  if (!(error instanceof MigrationError)) exitWithStartupError(error);
  process.stderr.write(`migration failed: ${error.message}\n`);
  process.exit(1);
}

async function migrate(config: MigrateConfig): Promise<void> {
  const logger = createLogger({
    level: config.LOG_LEVEL,
    component: 'migrate',
    version: config.VERSION,
    environment: config.ENVIRONMENT,
  });
  if (config.FAULTS.failMigration) throw new MigrationError('failed on purpose (fault migration=fail)');
  const migrations = await readMigrations(config.MIGRATIONS_DIR ?? findFolder('migrations'));
  const seed = config.SEED === undefined ? undefined : await readSeed(config.SEED, config.ENVIRONMENT);
  const client = await connect(config, logger);
  try {
    const applied = await applyMigrations(client, migrations, {
      waitMs: config.MIGRATE_WAIT_MS,
      lockTimeoutMs: config.MIGRATE_LOCK_TIMEOUT_MS,
      onApplied: ({ file }) => logger.info({ file }, 'applied'),
    });
    logger.info(
      { applied, known: migrations.length },
      applied === 0 ? 'schema was up to date' : 'schema is up to date',
    );
    if (seed !== undefined) {
      await client.query(seed);
      logger.info({ seed: config.SEED }, 'seeded');
    }
  } finally {
    await client.end();
  }
}

/** Seeds hold accounts with known passwords, so nothing but a development database may have them. */
async function readSeed(name: string, environment: string): Promise<string> {
  if (environment !== 'development')
    throw new MigrationError(`SEED=${name} is for development only, and ENVIRONMENT is "${environment}"; unset SEED`);
  const file = join(findFolder('seeds'), `${name}.sql`);
  if (!existsSync(file)) throw new MigrationError(`SEED=${name}: there is no ${file}`);
  return readFile(file, 'utf8');
}

/** In the image the folder lies beside the script; in the repository it is in `pern-app/database`. */
function findFolder(name: 'migrations' | 'seeds'): string {
  const candidates = [`./${name}`, `../database/${name}`].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new MigrationError(`no ${name} found, looked in ${candidates.join(' and ')}`);
  return found;
}

/** Waits for a database that is not up yet; anything that patience does not cure (password, unknown database) fails at once. */
async function connect(config: MigrateConfig, logger: Logger): Promise<pg.Client> {
  const deadlineMs = performance.now() + config.MIGRATE_WAIT_MS;
  for (let attempt = 1; ; attempt += 1) {
    const client = new pg.Client({
      ...connectionSettings(config),
      application_name: 'pern-app-migrate',
      connectionTimeoutMillis: 5000,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      const { code, message } = describe(error);
      await client.end().catch(() => undefined);
      const where = `${config.PGUSER}@${config.PGHOST}:${config.PGPORT}/${config.PGDATABASE}`;
      if (!PASSING.test(code) && !/timeout|terminated/i.test(message))
        throw new MigrationError(`cannot connect to ${where}: ${message}`);
      if (performance.now() >= deadlineMs) {
        throw new MigrationError(
          `no database at ${where} within ${config.MIGRATE_WAIT_MS} ms, last error: ${message}; is it running?`,
        );
      }
      if (attempt === 1) logger.info({ where, reason: message }, 'waiting for the database');
      await sleep(RETRY_DELAY_MS);
    }
  }
}
