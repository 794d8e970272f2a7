import { describe, expect, test } from 'vitest';
import { parseMigrations, readMigrations } from '../backend/migrations.ts';
import { assessMigrations } from './lint.ts';
import { parseStatements } from './sql-tokens.ts';

const HEADS = {
  expand: '-- phase: expand\n-- release: 1.0.0\n',
  migrate: '-- phase: migrate\n-- release: 1.0.0\n-- repeat: until no rows\n',
  contract: '-- phase: contract\n-- release: 1.1.0\n-- unused-since: 1.0.0\n',
  alone: '-- phase: expand\n-- release: 1.0.0\n-- transaction: none\n',
};
const BEFORE = { file: '0001_before.sql', sql: `${HEADS.expand}CREATE TABLE before (id int);` };

function rulesOf(...sqls: string[]): string[] {
  const files = sqls.map((sql, index) => ({ file: `000${index + 2}_case.sql`, sql }));
  return assessMigrations(parseMigrations([BEFORE, ...files])).map(({ rule }) => rule);
}

describe('one statement in use by two releases', () => {
  test.each<[string, keyof typeof HEADS, string, string[]]>([
    ['M01 drop of a table', 'expand', 'DROP TABLE users', ['drop-in-use']],
    ['M02 drop of a table in a contract file', 'contract', 'DROP TABLE users', []],
    ['M03 drop of a column', 'expand', 'ALTER TABLE users DROP COLUMN bio', ['drop-in-use']],
    [
      'M04 drop of a column, spelt short',
      'expand',
      'alter table only public.users drop if exists bio cascade',
      ['drop-in-use'],
    ],
    [
      'M05 drop of a column behind another action',
      'expand',
      'ALTER TABLE a ADD b numeric(8, 2), DROP c',
      ['drop-in-use'],
    ],
    ['M06 drop of a column in a contract file', 'contract', 'ALTER TABLE users DROP COLUMN bio', []],
    ['M07 drop of a constraint', 'expand', 'ALTER TABLE users DROP CONSTRAINT c', []],
    ['M08 drop of a default', 'expand', 'ALTER TABLE users ALTER COLUMN bio DROP DEFAULT', []],
    ['M09 truncate', 'expand', 'TRUNCATE users', ['drop-in-use']],
    ['M10 rename of a column', 'expand', 'ALTER TABLE users RENAME COLUMN a TO b', ['rename']],
    ['M11 rename of a table, contract or not', 'contract', 'ALTER TABLE users RENAME TO people', ['rename']],
    ['M12 another schema', 'expand', 'ALTER TABLE users SET SCHEMA other', ['rename']],
    ['M13 rename of a value', 'expand', "ALTER TYPE mood RENAME VALUE 'a' TO 'b'", ['rename']],
    ['M14 an index that blocks', 'expand', 'CREATE INDEX i ON users (a)', ['index-blocks-writes']],
    ['M15 a unique one', 'expand', 'CREATE UNIQUE INDEX i ON users (a)', ['index-blocks-writes']],
    ['M16 an index on a new table', 'expand', 'CREATE TABLE t (a int); CREATE INDEX i ON t (a)', []],
    [
      'M17 an index on another table beside a new one',
      'expand',
      'CREATE TABLE t (a int); CREATE INDEX i ON users (a)',
      ['index-blocks-writes'],
    ],
    ['M18 concurrently, alone', 'alone', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (a)', []],
    [
      'M19 concurrently, in a transaction',
      'expand',
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (a)',
      ['concurrently-in-transaction'],
    ],
    ['M20 concurrently, not repeatable', 'alone', 'CREATE INDEX CONCURRENTLY i ON users (a)', ['not-repeatable']],
    ['M21 two statements where one is allowed', 'alone', 'SELECT 1; SELECT 2', ['one-statement']],
    ['M22 drop of an index', 'expand', 'DROP INDEX i', ['index-blocks-writes']],
    ['M23 drop of an index, concurrently', 'alone', 'DROP INDEX CONCURRENTLY IF EXISTS i', []],
    ['M24 reindex', 'expand', 'REINDEX TABLE users', ['index-blocks-writes']],
    [
      'M25 not null without default',
      'expand',
      'ALTER TABLE users ADD COLUMN a int NOT NULL',
      ['not-null-without-default'],
    ],
    ['M26 not null with default', 'expand', 'ALTER TABLE users ADD COLUMN a int NOT NULL DEFAULT 0', []],
    ['M27 not null in a new table', 'expand', 'CREATE TABLE t (a int NOT NULL)', []],
    ['M28 set not null', 'expand', 'ALTER TABLE users ALTER COLUMN a SET NOT NULL', ['set-not-null']],
    ['M29 a check that scans', 'expand', 'ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)', ['constraint-scans']],
    ['M30 a check that does not', 'expand', 'ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID', []],
    [
      'M31 a foreign key that scans',
      'expand',
      'ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES b',
      ['constraint-scans'],
    ],
    ['M32 unique by a finished index', 'expand', 'ALTER TABLE users ADD CONSTRAINT c UNIQUE USING INDEX i', []],
    ['M33 validate alone', 'expand', 'ALTER TABLE users VALIDATE CONSTRAINT c', []],
    [
      'M34 validate beside the constraint',
      'expand',
      'ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT c',
      ['validate-alone'],
    ],
    ['M35 another type', 'expand', 'ALTER TABLE users ALTER COLUMN a TYPE bigint', ['change-type']],
    ['M36 another type, spelt long', 'expand', 'ALTER TABLE users ALTER a SET DATA TYPE bigint', ['change-type']],
    [
      'M37 a value of its own for each row',
      'expand',
      'ALTER TABLE users ADD a uuid DEFAULT gen_random_uuid()',
      ['volatile-default'],
    ],
    ['M38 the same moment for all rows', 'expand', 'ALTER TABLE users ADD a timestamptz DEFAULT now()', []],
    ['M39 a serial', 'expand', 'ALTER TABLE users ADD a bigserial', ['volatile-default']],
    ['M40 rows changed in one go', 'expand', 'UPDATE users SET a = 1', ['unbatched-write']],
    [
      'M41 rows changed in batches',
      'migrate',
      'UPDATE users SET a = 1 WHERE id IN (SELECT id FROM users WHERE a IS NULL LIMIT 500)',
      [],
    ],
    ['M42 a lock', 'expand', 'LOCK TABLE users', ['lock-table']],
    [
      'M43 a function that would do all of it',
      'expand',
      'CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $x$ DROP TABLE users; UPDATE a SET b = 1; $x$',
      [],
    ],
    [
      'M44 words in strings, names and comments',
      'expand',
      `INSERT INTO t VALUES ('DROP TABLE users; ''', "DROP TABLE a") /* DROP TABLE /* b; */ ; */ -- DROP TABLE c;`,
      [],
    ],
    [
      'M45 a finding that is allowed, with its reason',
      'expand',
      '-- lint-allow: drop-in-use because it was never released\nDROP TABLE users',
      [],
    ],
    [
      'M46 a finding that is allowed without a reason',
      'expand',
      '-- lint-allow: drop-in-use\nDROP TABLE users',
      ['drop-in-use'],
    ],
    ['M47 a quoted name', 'expand', 'ALTER TABLE "Users" DROP COLUMN "Bio"', ['drop-in-use']],
    [
      'M48 an index on a quoted new table',
      'expand',
      'CREATE TABLE IF NOT EXISTS "T" (a int); CREATE INDEX ON "T" (a)',
      [],
    ],
  ])('%s', (_name, head, sql, rules) => {
    expect(rulesOf(`${HEADS[head]}${sql};`)).toEqual(rules);
  });
});

describe('headers and releases', () => {
  test.each<[string, string, string[]]>([
    ['M60 no headers', 'SELECT 1;', ['phase']],
    ['M61 an unknown phase', '-- phase: middle\n-- release: 1.0.0\nSELECT 1;', ['phase']],
    ['M62 no release', '-- phase: expand\nSELECT 1;', ['release']],
    [
      'M63 a contract that does not say since when',
      '-- phase: contract\n-- release: 1.1.0\nDROP TABLE a;',
      ['unused-since'],
    ],
    [
      'M64 a contract in the release that stops using it',
      '-- phase: contract\n-- release: 1.0.0\n-- unused-since: 1.0.0\nDROP TABLE a;',
      ['contract-too-early'],
    ],
    [
      'M65 a contract whose expand nobody has seen',
      '-- phase: contract\n-- release: 1.2.0\n-- unused-since: 1.1.0\nDROP TABLE a;',
      ['unused-since'],
    ],
    ['M66 a release out of order', '-- phase: expand\n-- release: 0.9.0\nSELECT 1;', ['release-order']],
    ['M67 versions are numbers', '-- phase: contract\n-- release: 1.10.0\n-- unused-since: 1.0.0\nDROP TABLE a;', []],
  ])('%s', (_name, sql, rules) => {
    expect(rulesOf(sql)).toEqual(rules);
  });

  test.each([
    ["SELECT 'a", "' is opened and never closed"],
    ['SELECT $x$ a', '$x$ is opened and never closed'],
    ['/* /* */', '/* is opened and never closed'],
  ])('M70 %s cannot be read', (sql, message) => {
    const findings = assessMigrations(parseMigrations([{ file: '0001_a.sql', sql: `${HEADS.expand}\n${sql}` }]));
    expect(findings).toEqual([{ file: '0001_a.sql', line: 4, rule: 'syntax', message }]);
  });
});

test('M80 lines are those of the file, and the message says what to do', () => {
  const sql = `${HEADS.expand}\nSELECT 1;\n\n/* two\nlines */ CREATE INDEX i\n  ON users (a);`;
  expect(assessMigrations(parseMigrations([{ file: '0001_a.sql', sql }]))).toEqual([
    {
      file: '0001_a.sql',
      line: 7,
      rule: 'index-blocks-writes',
      message: expect.stringContaining('CREATE INDEX CONCURRENTLY IF NOT EXISTS'),
    },
  ]);
});

test('M81 statements are cut at semicolons, not at those in bodies and strings', () => {
  const sql = "SELECT E'it\\'s;' ; DO $$ BEGIN; END; $$; SELECT $1, 1.5e3 -- ;\n;;";
  expect(parseStatements(sql).map((tokens) => tokens.length)).toEqual([2, 2, 5]);
});

test('readiness 23, 24: the migrations of this repository pass', async () => {
  expect(assessMigrations(await readMigrations(`${import.meta.dirname}/migrations`))).toEqual([]);
});
