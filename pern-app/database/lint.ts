import { resolve } from 'node:path';
import { headersOf, type Migration, readMigrations } from '../backend/migrations.ts';
import { RULES, type StatementContext, toStatement } from './lint-rules.ts';
import { parseStatements, SqlSyntaxError, type SqlToken } from './sql-tokens.ts';

/** Something that would break the release still serving, or that the convention does not allow. */
export interface LintFinding {
  file: string;
  line: number;
  /** Name of the rule; `-- lint-allow: RULE because REASON` in the file switches it off there. */
  rule: string;
  message: string;
}

type File = Pick<Migration, 'file' | 'sql' | 'mode'>;

const PHASES = ['expand', 'migrate', 'contract'];

/**
 * Judges migrations by what they would do to a database that is in use by this release and by the one before.
 *
 * @param files all migrations in order: some rules are about several of them
 * @returns findings in the order of the files
 */
export function assessMigrations(files: readonly File[]): LintFinding[] {
  const findings = files.flatMap((file) => [...assessHeaders(file), ...assessStatements(file)]);
  return [...findings, ...assessReleases(files)].sort((left, right) => compare(left, right));
}

const compare = (left: LintFinding, right: LintFinding) =>
  left.file < right.file ? -1 : left.file > right.file ? 1 : left.line - right.line;

function assessHeaders({ file, sql }: File): LintFinding[] {
  const headers = headersOf(sql);
  const finding = (rule: string, message: string): LintFinding => ({ file, line: 1, rule, message });
  const phase = headers.get('phase');
  const release = headers.get('release');
  const unusedSince = headers.get('unused-since');
  if (phase === undefined || !PHASES.includes(phase))
    return [finding('phase', `say what it is at the top: "-- phase: ${PHASES.join('|')}"`)];
  if (release === undefined || !/^\d+\.\d+\.\d+$/.test(release))
    return [finding('release', 'say which release it belongs to at the top: "-- release: 1.2.3"')];
  if (phase !== 'contract') return [];
  if (unusedSince === undefined || !/^\d+\.\d+\.\d+$/.test(unusedSince))
    return [finding('unused-since', 'say which release was the first to do without: "-- unused-since: 1.2.3"')];
  if (compareVersions(unusedSince, release) < 0) return [];
  const message = `${unusedSince} is not earlier than ${release}: the release before still uses what is removed`;
  return [finding('contract-too-early', `${message}; wait one release`)];
}

function assessStatements({ file, sql, mode }: File): LintFinding[] {
  const statements = statementsOf(file, sql);
  if (!Array.isArray(statements)) return [statements];
  const context: StatementContext = {
    phase: headersOf(sql).get('phase') ?? '',
    isOutsideTransaction: mode === 'no-transaction',
    newTables: new Set(
      statements.flatMap((tokens) => {
        const statement = toStatement(tokens);
        return statement.begins('CREATE ?UNLOGGED TABLE') ? (statement.table ?? []) : [];
      }),
    ),
  };
  const allowed = allowedRules(sql);
  const findings: LintFinding[] = [];
  if (mode !== 'transaction' && statements.length !== 1)
    findings.push({
      file,
      line: 1,
      rule: 'one-statement',
      message: `this way of running takes one statement, not ${statements.length}`,
    });
  for (const tokens of statements)
    for (const [rule, judge] of Object.entries(RULES)) {
      const message = allowed.has(rule) ? undefined : judge(toStatement(tokens), context);
      if (message !== undefined) findings.push({ file, line: tokens[0]?.line ?? 1, rule, message });
    }
  return [...findings, ...assessValidation(file, statements)];
}

/** VALIDATE beside what takes a strong lock keeps that lock for the length of its scan. */
function assessValidation(file: string, statements: readonly SqlToken[][]): LintFinding[] {
  const validating = statements.find((tokens) => toStatement(tokens).has('VALIDATE CONSTRAINT'));
  const isAlone = statements.every((tokens) => {
    const statement = toStatement(tokens);
    return !statement.begins('ALTER TABLE') || statement.has('VALIDATE CONSTRAINT');
  });
  if (validating === undefined || isAlone) return [];
  const message =
    'VALIDATE reads the whole table under the lock of the ALTER TABLE beside it; give it a file of its own';
  return [{ file, line: validating[0]?.line ?? 1, rule: 'validate-alone', message }];
}

/** What a release adds and what the same release removes cannot both suit the release before. */
function assessReleases(files: readonly File[]): LintFinding[] {
  const findings: LintFinding[] = [];
  let newest = '0.0.0';
  for (const { file, sql } of files) {
    const release = headersOf(sql).get('release') ?? newest;
    if (compareVersions(release, newest) < 0)
      findings.push({ file, line: 1, rule: 'release-order', message: `release ${release} comes after ${newest}` });
    newest = release;
  }
  for (const { file, sql } of files) {
    const headers = headersOf(sql);
    const unusedSince = headers.get('unused-since');
    if (headers.get('phase') !== 'contract' || unusedSince === undefined) continue;
    const isExpanded = files.some((other) => headersOf(other.sql).get('release') === unusedSince);
    if (!isExpanded) {
      const message = `no migration belongs to release ${unusedSince}, which is said to have made this superfluous`;
      findings.push({ file, line: 1, rule: 'unused-since', message });
    }
  }
  return findings;
}

function statementsOf(file: string, sql: string): SqlToken[][] | LintFinding {
  try {
    return parseStatements(sql);
  } catch (error) {
    if (!(error instanceof SqlSyntaxError)) throw error;
    return { file, line: error.line, rule: 'syntax', message: error.message };
  }
}

/** A reason is required: whoever reads the file later has to know why it was safe here. */
function allowedRules(sql: string): Set<string> {
  const lines = sql.matchAll(/^-- lint-allow: ([a-z-]+) because \S.*$/gm);
  return new Set([...lines].map(([, rule = '']) => rule));
}

/** Negative when `left` is the earlier version. */
function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => text.split('.').map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `node pern-app/database/lint.ts [FOLDER]`: exit code 0 without findings, 1 with. */
async function main(): Promise<void> {
  const folder = resolve(process.argv[2] ?? `${import.meta.dirname}/migrations`);
  const findings = assessMigrations(await readMigrations(folder));
  for (const { file, line, rule, message } of findings)
    process.stdout.write(`${folder}/${file}:${line}: ${rule}: ${message}\n`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}

if (import.meta.main) await main();
