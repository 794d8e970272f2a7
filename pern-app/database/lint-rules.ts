import type { SqlToken } from './sql-tokens.ts';

/** What a rule says about one statement. */
export interface RuleFinding {
  rule: string;
  line: number;
  message: string;
}

export interface StatementContext {
  phase: string;
  /** `-- transaction: none`. */
  isOutsideTransaction: boolean;
  /** Tables that the same file creates: nobody uses them yet. */
  newTables: ReadonlySet<string>;
}

type Rule = (statement: Statement, context: StatementContext) => string | undefined;

/** A statement with questions that rules ask. */
export interface Statement {
  readonly tokens: readonly SqlToken[];
  /** Whether it begins with these words, `?` in front of one that may be missing. */
  begins(pattern: string): boolean;
  /** Whether the words stand somewhere in it, next to each other. */
  has(pattern: string): boolean;
  /** The table of ALTER TABLE, CREATE TABLE or CREATE INDEX, without its schema. */
  readonly table: string | undefined;
  /** The parts of ALTER TABLE between its commas. */
  readonly actions: readonly Statement[];
}

const isContract = ({ phase }: StatementContext) => phase === 'contract';
const isNew = (statement: Statement, { newTables }: StatementContext) =>
  statement.table !== undefined && newTables.has(statement.table);
const later = 'do it in a contract file of a later release';

/** By name; the README of this folder points here. Each answers with what is wrong and what to do instead. */
export const RULES: Readonly<Record<string, Rule>> = {
  'drop-in-use': (statement, context) => {
    if (isContract(context)) return undefined;
    const drops = statement.begins('DROP TABLE|COLUMN|VIEW|FUNCTION|TYPE|SCHEMA|SEQUENCE|MATERIALIZED|TRIGGER');
    const dropsColumn =
      statement.begins('ALTER TABLE') &&
      statement.actions.some(
        (action) => action.begins('DROP ?COLUMN') && !action.begins('DROP CONSTRAINT') && !isNew(statement, context),
      );
    if (drops || dropsColumn) return `the release that still serves may use what this drops; ${later}`;
    return statement.begins('TRUNCATE')
      ? `the release that still serves may use what this empties; ${later}`
      : undefined;
  },
  rename: (statement) => {
    const renames = statement.begins('ALTER') && statement.actions.some((action) => action.begins('RENAME'));
    const moves = statement.begins('ALTER') && statement.actions.some((action) => action.begins('SET SCHEMA'));
    return renames || moves
      ? 'one name cannot serve two releases; add the new one (expand), copy (migrate), drop the old one (contract)'
      : undefined;
  },
  'index-blocks-writes': (statement, context) => {
    const creates = statement.begins('CREATE ?UNIQUE INDEX') && !statement.begins('CREATE ?UNIQUE INDEX CONCURRENTLY');
    if (creates && !isNew(statement, context))
      return 'building an index stops all writes; use CREATE INDEX CONCURRENTLY IF NOT EXISTS under "-- transaction: none"';
    const drops = statement.begins('DROP INDEX') && !statement.begins('DROP INDEX CONCURRENTLY');
    if (drops) return 'dropping an index waits for everybody; use DROP INDEX CONCURRENTLY under "-- transaction: none"';
    const rebuilds = statement.begins('REINDEX') && !statement.has('CONCURRENTLY');
    return rebuilds ? 'rebuilding an index stops all writes; use REINDEX ... CONCURRENTLY' : undefined;
  },
  'not-null-without-default': (statement, context) => {
    if (!statement.begins('ALTER TABLE') || isNew(statement, context)) return undefined;
    const adds = statement.actions.some(
      (action) => addsColumn(action) && action.has('NOT NULL') && !action.has('DEFAULT') && !action.has('GENERATED'),
    );
    return adds
      ? 'existing rows and the rows of the release that still serves have no value; give it a DEFAULT'
      : undefined;
  },
  'set-not-null': (statement, context) => {
    if (!statement.begins('ALTER TABLE') || isNew(statement, context)) return undefined;
    const sets = statement.actions.some((action) => action.begins('ALTER') && action.has('SET NOT NULL'));
    if (!sets) return undefined;
    return 'it reads the whole table while everybody waits; add CHECK (... IS NOT NULL) NOT VALID, then VALIDATE it in the next file';
  },
  'constraint-scans': (statement, context) => {
    if (!statement.begins('ALTER TABLE') || isNew(statement, context)) return undefined;
    const adds = statement.actions.some((action) => action.begins('ADD') && !addsColumn(action) && scans(action));
    return adds
      ? 'it checks the whole table while everybody waits; add it NOT VALID and VALIDATE it in the next file, or USING INDEX'
      : undefined;
  },
  'change-type': (statement, context) => {
    if (!statement.begins('ALTER TABLE') || isNew(statement, context)) return undefined;
    const changes = statement.actions.some(
      (action) => action.begins('ALTER') && /^(SET DATA )?TYPE$/.test(typeWords(action)),
    );
    return changes
      ? 'it rewrites the table while everybody waits and changes what the old release reads; add a new column instead'
      : undefined;
  },
  'volatile-default': (statement, context) => {
    if (!statement.begins('ALTER TABLE') || isNew(statement, context)) return undefined;
    const volatile = statement.actions.some(
      (action) =>
        addsColumn(action) &&
        /^(RANDOM|GEN_RANDOM_UUID|UUIDV4|UUIDV7|CLOCK_TIMESTAMP|NEXTVAL)$/.test(defaultOf(action)),
    );
    const counts = statement.actions.some(
      (action) => addsColumn(action) && (action.has('SERIAL') || action.has('BIGSERIAL')),
    );
    return volatile || counts
      ? 'a value of its own for each row rewrites the table; add it without, then fill it in batches'
      : undefined;
  },
  'unbatched-write': (statement, { phase }) => {
    const writes = statement.begins('UPDATE') || statement.begins('DELETE FROM');
    return writes && phase !== 'migrate'
      ? 'rows are changed in a migrate file, in batches ("-- repeat: until no rows")'
      : undefined;
  },
  'lock-table': (statement) =>
    statement.begins('LOCK') || statement.begins('VACUUM FULL') || statement.begins('CLUSTER')
      ? 'everybody who uses the table waits until this file has ended'
      : undefined,
  'transaction-control': (statement) =>
    statement.begins('BEGIN') ||
    statement.begins('COMMIT') ||
    statement.begins('ROLLBACK') ||
    statement.begins('START TRANSACTION')
      ? 'a file is run in a transaction already'
      : undefined,
  'concurrently-in-transaction': (statement, { isOutsideTransaction }) =>
    statement.has('CONCURRENTLY') && !isOutsideTransaction
      ? 'it cannot run in a transaction; put "-- transaction: none" at the top'
      : undefined,
  'not-repeatable': (statement, { isOutsideTransaction }) =>
    isOutsideTransaction && statement.begins('CREATE') && !statement.has('IF NOT EXISTS')
      ? 'outside a transaction it may have been done already; add IF NOT EXISTS'
      : isOutsideTransaction && statement.begins('DROP') && !statement.has('IF EXISTS')
        ? 'outside a transaction it may have been done already; add IF EXISTS'
        : undefined,
};

/** `ADD CONSTRAINT x CHECK ...` and `ADD PRIMARY KEY` are not columns; everything else behind ADD is. */
function addsColumn(action: Statement): boolean {
  return action.begins('ADD') && !action.begins('ADD CONSTRAINT|PRIMARY|UNIQUE|FOREIGN|CHECK|EXCLUDE');
}

function scans(action: Statement): boolean {
  return !action.has('NOT VALID') && !action.has('USING INDEX');
}

function typeWords(action: Statement): string {
  const words = action.tokens.filter(({ kind }) => kind === 'word').map(({ text }) => text);
  const afterName = action.tokens[1]?.text === 'COLUMN' ? 3 : 2;
  const rest = action.tokens.slice(afterName).map(({ text }) => text);
  if (rest[0] === 'TYPE') return 'TYPE';
  return words.length > 0 && rest[0] === 'SET' && rest[1] === 'DATA' ? 'SET DATA TYPE' : '';
}

function defaultOf(action: Statement): string {
  const at = action.tokens.findIndex(({ kind, text }) => kind === 'word' && text === 'DEFAULT');
  return at === -1 ? '' : (action.tokens[at + 1]?.text ?? '');
}

/** Wraps tokens with the questions that rules ask. */
export function toStatement(tokens: readonly SqlToken[]): Statement {
  const statement: Statement = {
    tokens,
    begins: (pattern) => matches(tokens, pattern, 0),
    has: (pattern) => tokens.some((_, at) => matches(tokens, pattern, at)),
    get table() {
      return tableOf(tokens);
    },
    get actions() {
      return actionsOf(tokens).map(toStatement);
    },
  };
  return statement;
}

/** `?WORD` may be missing, `A|B` is one of them; without alternatives a word is itself. */
function matches(tokens: readonly SqlToken[], pattern: string, from: number): boolean {
  let at = from;
  for (const part of pattern.split(' ')) {
    const isOptional = part.startsWith('?');
    const token = tokens[at];
    const isIt = token?.kind === 'word' && part.replace('?', '').split('|').includes(token.text);
    if (isIt) at += 1;
    else if (!isOptional) return false;
  }
  return true;
}

const NOISE = new Set(['IF', 'NOT', 'EXISTS', 'ONLY']);
const KINDS = new Set(['TABLE', 'INDEX', 'TYPE', 'VIEW', 'FUNCTION', 'SEQUENCE', 'SCHEMA']);

/** Where the name of a table begins: behind TABLE, or behind ON for an index. */
function tableOf(tokens: readonly SqlToken[]): string | undefined {
  const isIndex = tokens.slice(0, 3).some(({ kind, text }) => kind === 'word' && text === 'INDEX');
  const marker = isIndex ? 'ON' : 'TABLE';
  let at = tokens.findIndex(({ kind, text }) => kind === 'word' && text === marker);
  if (at === -1) return undefined;
  at += 1;
  while (tokens[at]?.kind === 'word' && NOISE.has(tokens[at]?.text ?? '')) at += 1;
  if (tokens[at + 1]?.text === '.') at += 2;
  return tokens[at]?.text;
}

/** What stands behind the name, cut at the commas that are not inside parentheses. */
function actionsOf(tokens: readonly SqlToken[]): SqlToken[][] {
  let at = tokens.findIndex(({ kind, text }) => kind === 'word' && KINDS.has(text)) + 1;
  while (tokens[at]?.kind === 'word' && NOISE.has(tokens[at]?.text ?? '')) at += 1;
  at += tokens[at + 1]?.text === '.' ? 3 : 1;
  const actions: SqlToken[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(at)) {
    if (token.kind === 'symbol' && token.text === '(') depth += 1;
    if (token.kind === 'symbol' && token.text === ')') depth -= 1;
    if (token.kind === 'symbol' && token.text === ',' && depth === 0) actions.push([]);
    else actions.at(-1)?.push(token);
  }
  return actions;
}
