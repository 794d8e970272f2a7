/** A piece of SQL that means something; comments and white space are not among them. */
export interface SqlToken {
  kind: 'word' | 'quoted-name' | 'string' | 'number' | 'symbol';
  /** Words in capital letters, quoted names and strings without their quotes, the rest as written. */
  text: string;
  /** Counted from 1. */
  line: number;
}

/** Text that cannot be cut into tokens: something was opened and never closed. */
export class SqlSyntaxError extends Error {
  override readonly name = 'SqlSyntaxError';
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * Cuts PostgreSQL's SQL into statements of tokens, by the lexical rules of its manual: nested block comments, doubled quotes,
 * escape strings, dollar quotes. What a function's body does is text to the statement that creates it, and so it is here.
 *
 * @throws {SqlSyntaxError} for an unfinished string, name or comment
 */
export function parseStatements(sql: string): SqlToken[][] {
  const statements: SqlToken[][] = [];
  let current: SqlToken[] = [];
  const scanner = createScanner(sql);
  for (let token = scanner(); token !== undefined; token = scanner()) {
    if (token.kind !== 'symbol' || token.text !== ';') current.push(token);
    else if (current.length > 0) {
      statements.push(current);
      current = [];
    }
  }
  if (current.length > 0) statements.push(current);
  return statements;
}

type Found = { kind: SqlToken['kind']; text: string; length: number } | { skip: number };

function createScanner(sql: string): () => SqlToken | undefined {
  let at = 0;
  let line = 1;
  return () => {
    while (at < sql.length) {
      const found = scan(sql, at, line);
      const startLine = line;
      const length = 'skip' in found ? found.skip : found.length;
      line += sql.slice(at, at + length).split('\n').length - 1;
      at += length;
      if (!('skip' in found)) return { kind: found.kind, text: found.text, line: startLine };
    }
    return undefined;
  };
}

function scan(sql: string, at: number, line: number): Found {
  const space = matchAt(/\s+|--[^\n]*/y, sql, at);
  if (space !== undefined) return { skip: space.length };
  if (sql.startsWith('/*', at)) return { skip: commentLength(sql, at, line) };
  const escaped = matchAt(/[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y, sql, at);
  if (escaped !== undefined) return { kind: 'string', text: escaped.slice(2, -1), length: escaped.length };
  const word = matchAt(/[\p{L}_][\p{L}\p{N}_$]*/uy, sql, at);
  if (word !== undefined) return { kind: 'word', text: word.toUpperCase(), length: word.length };
  const number = matchAt(/\d[\w.]*/y, sql, at);
  if (number !== undefined) return { kind: 'number', text: number, length: number.length };
  return scanQuoted(sql, at, line);
}

function scanQuoted(sql: string, at: number, line: number): Found {
  const string = matchAt(/'(?:[^']|'')*'/y, sql, at);
  if (string !== undefined)
    return { kind: 'string', text: string.slice(1, -1).replaceAll("''", "'"), length: string.length };
  const name = matchAt(/"(?:[^"]|"")+"/y, sql, at);
  if (name !== undefined)
    return { kind: 'quoted-name', text: name.slice(1, -1).replaceAll('""', '"'), length: name.length };
  const tag = matchAt(/\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy, sql, at);
  if (tag === undefined) {
    const first = sql[at] ?? '';
    if (first === "'" || first === '"') throw new SqlSyntaxError(`${first} is opened and never closed`, line);
    return { kind: 'symbol', text: first, length: 1 };
  }
  const end = sql.indexOf(tag, at + tag.length);
  if (end === -1) throw new SqlSyntaxError(`${tag} is opened and never closed`, line);
  return { kind: 'string', text: sql.slice(at + tag.length, end), length: end + tag.length - at };
}

function commentLength(sql: string, start: number, line: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at += 1) {
    if (sql.startsWith('/*', at)) {
      depth += 1;
      at += 1;
    } else if (sql.startsWith('*/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1 - start;
    }
  }
  throw new SqlSyntaxError('/* is opened and never closed', line);
}

function matchAt(sticky: RegExp, text: string, at: number): string | undefined {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0];
}
