import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseMigrations, planMigrations, readMigrations } from './migrations.ts';

const file = (name: string, sql = 'SELECT 1;') => ({ file: name, sql });
const applied = (migrations: ReturnType<typeof parseMigrations>) =>
  migrations.map(({ version, file, checksum }) => ({ version, file, checksum }));

describe('parseMigrations', () => {
  test('orders by number', () => {
    const parsed = parseMigrations([file('0010_b.sql'), file('0002_a.sql')]);
    expect(parsed.map((migration) => migration.version)).toEqual([2, 10]);
  });

  test.each(['1_a.sql', '0001-a.sql', '0000_a.sql', '0001_A.sql', '00001_a.sql'])('%s is not a valid name', (name) => {
    expect(() => parseMigrations([file(name)])).toThrow(`${name}: must be named NNNN_name.sql`);
  });

  test('a number used twice is refused', () => {
    expect(() => parseMigrations([file('0001_a.sql'), file('0001_b.sql')])).toThrow(
      '0001_b.sql: has the same number as 0001_a.sql',
    );
  });

  test('an own COMMIT is refused with its place; the BEGIN of a function body is none', () => {
    expect(() => parseMigrations([file('0001_a.sql', 'SELECT 1;\n  commit;')])).toThrow(
      '0001_a.sql:2:1: remove commit',
    );
    const body = 'CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  NULL;\nEND $$;';
    expect(parseMigrations([file('0001_a.sql', body)])).toHaveLength(1);
  });
});

describe('planMigrations', () => {
  const three = parseMigrations([file('0001_a.sql'), file('0002_b.sql'), file('0003_c.sql')]);

  test('plans what is missing, in order, and nothing when all is applied', () => {
    expect(planMigrations(three, applied(three.slice(0, 1))).map((migration) => migration.version)).toEqual([2, 3]);
    expect(planMigrations(three, applied(three))).toEqual([]);
  });

  test('an older image accepts a newer schema', () => {
    expect(planMigrations(three.slice(0, 2), applied(three))).toEqual([]);
  });

  test('a changed file is refused', () => {
    const changed = parseMigrations([file('0001_a.sql', 'SELECT 2;')]);
    expect(() => planMigrations(changed, applied(three.slice(0, 1)))).toThrow(
      '0001_a.sql: changed after it was applied',
    );
  });

  test('a vanished file and a latecomer are refused', () => {
    const gap = three.filter((migration) => migration.version !== 2);
    expect(() => planMigrations(gap, applied(three.slice(0, 2)))).toThrow(
      '0002_b.sql: was applied but its file is missing',
    );
    expect(() => planMigrations(three, applied(gap))).toThrow('0002_b.sql: a newer migration was applied already');
  });
});

test('the migrations of this repository can be read and are documented', async () => {
  const folder = fileURLToPath(new URL('../database/migrations', import.meta.url));
  const migrations = await readMigrations(folder);
  expect(migrations.map((migration) => migration.version)).toEqual(migrations.map((_, index) => index + 1));
  const readme = readFileSync(fileURLToPath(new URL('../database/README.md', import.meta.url)), 'utf8');
  for (const { file: name } of migrations) expect(readme).toContain(name);
});
