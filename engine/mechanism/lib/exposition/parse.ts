/** Parser of the Prometheus text exposition format 0.0.4 (spec promql §10). */

/** One label of a sample, already unescaped. */
export type LabelPair = readonly [name: string, value: string];

/** One sample line. */
export interface ParsedSample {
  /** The line up to the value, `name{...}` as written: the same text always means the same series. */
  readonly seriesText: string;
  readonly name: string;
  /** In the order written, without `__name__`. Made when first asked for: a known series never is. */
  readonly labels: readonly LabelPair[];
  readonly value: number;
  /** Milliseconds since the epoch, when the line brings its own time. */
  readonly timestampMs?: number;
}

/** A line that is not exposition format; `line` counts from 1. */
export class ExpositionError extends Error {
  readonly line: number;

  constructor(line: number, problem: string) {
    super(`exposition text line ${line}: ${problem}`);
    this.name = 'ExpositionError';
    this.line = line;
  }
}

const NEWLINE = 10;
const SPACE = 32;
const TAB = 9;
const HASH = 35;
const QUOTE = 34;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;
const NO_LABELS: readonly LabelPair[] = [];

/** Name characters by char code: 1 may stand first, 2 only later (digits), 3 is the colon of metric names. */
const NAME_CLASS = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const char = String.fromCharCode(code);
  if (/[a-zA-Z_]/.test(char)) NAME_CLASS[code] = 1;
  else if (/[0-9]/.test(char)) NAME_CLASS[code] = 2;
  else if (char === ':') NAME_CLASS[code] = 3;
}

/**
 * Reads a scrape body into samples, in the order written.
 *
 * `# HELP`, `# TYPE` and comments are skipped. OpenMetrics bodies (`# EOF`, exemplars) are refused: ask the target for
 * `text/plain;version=0.0.4`.
 *
 * @throws ExpositionError with the line of the first problem; nothing of such a body may be stored.
 */
export function parseExposition(text: string): ParsedSample[] {
  const cursor = new Cursor(text);
  const samples: ParsedSample[] = [];
  while (cursor.position < text.length) {
    cursor.line += 1;
    cursor.skipBlanks();
    const code = text.charCodeAt(cursor.position);
    if (cursor.position >= text.length) break;
    if (code === NEWLINE || code === 13) cursor.skipLine();
    else if (code === HASH) skipComment(cursor);
    else samples.push(parseSample(cursor));
  }
  return samples;
}

class Cursor {
  readonly text: string;
  position = 0;
  line = 0;
  lastName = '';

  constructor(text: string) {
    this.text = text;
  }

  skipBlanks(): void {
    const { text } = this;
    let position = this.position;
    for (let code = text.charCodeAt(position); code === SPACE || code === TAB; code = text.charCodeAt(position))
      position += 1;
    this.position = position;
  }

  skipLine(): void {
    const end = this.text.indexOf('\n', this.position);
    this.position = end < 0 ? this.text.length : end + 1;
  }

  /** Reads a metric name (colons allowed) or a label name; empty when there is none here. */
  readName(allowColon: boolean): string {
    const { text } = this;
    const start = this.position;
    let position = start;
    for (;;) {
      const code = text.charCodeAt(position);
      const kind = code < 128 ? NAME_CLASS[code] : 0;
      if (kind === 1 || (kind === 2 && position > start) || (kind === 3 && allowColon)) position += 1;
      else break;
    }
    this.position = position;
    return text.slice(start, position);
  }

  fail(problem: string): never {
    throw new ExpositionError(this.line, problem);
  }
}

function skipComment(cursor: Cursor): void {
  const start = cursor.position;
  cursor.skipLine();
  if (!cursor.text.startsWith('# EOF', start)) return;
  if (cursor.text.slice(start, cursor.position).trim() === '# EOF') {
    cursor.fail(
      '`# EOF` ends an OpenMetrics body; only the text format 0.0.4 is read. Ask for `text/plain;version=0.0.4`.',
    );
  }
}

/** A line whose labels have been checked but not taken apart. */
class Line implements ParsedSample {
  readonly seriesText: string;
  readonly name: string;
  readonly value: number;
  readonly timestampMs: number | undefined;
  #labels: readonly LabelPair[] | undefined;

  constructor(
    seriesText: string,
    name: string,
    labels: readonly LabelPair[] | undefined,
    value: number,
    timestampMs: number | undefined,
  ) {
    this.seriesText = seriesText;
    this.name = name;
    this.value = value;
    this.timestampMs = timestampMs;
    this.#labels = labels;
  }

  get labels(): readonly LabelPair[] {
    if (this.#labels !== undefined) return this.#labels;
    const cursor = new Cursor(this.seriesText);
    cursor.position = this.seriesText.indexOf('{');
    return parseLabels(cursor).labels;
  }
}

function parseSample(cursor: Cursor): ParsedSample {
  const { text } = cursor;
  const start = cursor.position;
  let name = readMetricName(cursor);
  let labels: readonly LabelPair[] | undefined = NO_LABELS;
  let seriesEnd = cursor.position;
  cursor.skipBlanks();
  const brace = cursor.position;
  if (text.charCodeAt(brace) === BRACE_OPEN) {
    if (name !== '' && skipLabels(cursor)) labels = undefined;
    else {
      cursor.position = brace;
      const parsed = parseLabels(cursor);
      if (parsed.quotedName !== undefined && name !== '')
        cursor.fail(`the metric is named twice: "${name}" and "${parsed.quotedName}"`);
      name = parsed.quotedName ?? name;
      labels = parsed.labels;
    }
    seriesEnd = cursor.position;
    cursor.skipBlanks();
  }
  if (name === '') cursor.fail(`a metric name was expected, found ${excerpt(cursor)}`);
  const value = parseValue(readWord(cursor), cursor);
  cursor.skipBlanks();
  const timestampMs = text.charCodeAt(cursor.position) === NEWLINE ? skipNewline(cursor) : readLineEnd(cursor);
  return new Line(text.slice(start, seriesEnd), name, labels, value, timestampMs);
}

/** Neighbouring lines mostly have the same name: no new text for it then. */
function readMetricName(cursor: Cursor): string {
  const { text, lastName, position } = cursor;
  const end = position + lastName.length;
  const next = text.charCodeAt(end);
  if (lastName !== '' && (next === BRACE_OPEN || next === SPACE) && text.startsWith(lastName, position)) {
    cursor.position = end;
    return lastName;
  }
  cursor.lastName = cursor.readName(true);
  return cursor.lastName;
}

function skipNewline(cursor: Cursor): undefined {
  cursor.position += 1;
}

/** What may follow the value: a timestamp, which is returned. */
function readLineEnd(cursor: Cursor): number | undefined {
  const { text } = cursor;
  let timestampMs: number | undefined;
  if (cursor.position < text.length && text.charCodeAt(cursor.position) !== 13) {
    if (text.charCodeAt(cursor.position) === HASH)
      cursor.fail('exemplars belong to OpenMetrics; only the text format 0.0.4 is read');
    const word = readWord(cursor);
    if (!/^[+-]?\d+$/.test(word)) cursor.fail(`the timestamp must be whole milliseconds, found "${word}"`);
    timestampMs = Number(word);
    cursor.skipBlanks();
  }
  if (text.charCodeAt(cursor.position) === 13) cursor.position += 1;
  if (cursor.position < text.length && text.charCodeAt(cursor.position) !== NEWLINE) {
    cursor.fail(`nothing may follow value and timestamp, found ${excerpt(cursor)}`);
  }
  cursor.position += 1;
  return timestampMs;
}

/**
 * Passes labels of the usual form, `{name="value",…}` without blanks and with different names. False for anything else,
 * which `parseLabels` then reads or refuses.
 */
function skipLabels(cursor: Cursor): boolean {
  const { text } = cursor;
  let position = cursor.position + 1;
  let count = 0;
  while (text.charCodeAt(position) !== BRACE_CLOSE) {
    const start = position;
    for (let code = text.charCodeAt(position); isNameCode(code, position > start); code = text.charCodeAt(position))
      position += 1;
    if (position === start || text.charCodeAt(position) !== EQUALS || text.charCodeAt(position + 1) !== QUOTE)
      return false;
    if (count === LABELS_QUICK || isRepeated(text, count, start, position)) return false;
    labelStarts[count] = start;
    labelEnds[count] = position;
    count += 1;
    position = closingQuote(text, position + 2);
    if (position < 0) return false;
    position += 1;
    const code = text.charCodeAt(position);
    if (code === COMMA) position += 1;
    else if (code !== BRACE_CLOSE) return false;
  }
  cursor.position = position + 1;
  return true;
}

const LABELS_QUICK = 64;
const labelStarts = new Int32Array(LABELS_QUICK);
const labelEnds = new Int32Array(LABELS_QUICK);

function isNameCode(code: number, digits: boolean): boolean {
  const kind = code < 128 ? NAME_CLASS[code] : 0;
  return kind === 1 || (kind === 2 && digits);
}

function isRepeated(text: string, count: number, start: number, end: number): boolean {
  for (let i = 0; i < count; i += 1) {
    const other = labelStarts[i] as number;
    if ((labelEnds[i] as number) - other !== end - start) continue;
    let at = 0;
    while (at < end - start && text.charCodeAt(other + at) === text.charCodeAt(start + at)) at += 1;
    if (at === end - start) return true;
  }
  return false;
}

function closingQuote(text: string, from: number): number {
  for (let position = from; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) return position;
    if (code === NEWLINE) return -1;
    if (code === BACKSLASH) position += 1;
  }
  return -1;
}

function parseLabels(cursor: Cursor): { labels: LabelPair[]; quotedName?: string } {
  const { text } = cursor;
  const labels: LabelPair[] = [];
  let quotedName: string | undefined;
  cursor.position += 1;
  for (;;) {
    cursor.skipBlanks();
    let code = text.charCodeAt(cursor.position);
    if (code === BRACE_CLOSE) break;
    const quoted = code === QUOTE;
    const name = quoted ? readQuoted(cursor) : cursor.readName(false);
    if (name === '') cursor.fail(`a label name was expected, found ${excerpt(cursor)}`);
    cursor.skipBlanks();
    code = text.charCodeAt(cursor.position);
    if (code === EQUALS) {
      cursor.position += 1;
      cursor.skipBlanks();
      if (text.charCodeAt(cursor.position) !== QUOTE)
        cursor.fail(`the value of label "${name}" must be in double quotes`);
      labels.push([name, readQuoted(cursor)]);
    } else if (quoted && quotedName === undefined) quotedName = name;
    else cursor.fail(`"=" was expected after label name "${name}", found ${excerpt(cursor)}`);
    cursor.skipBlanks();
    code = text.charCodeAt(cursor.position);
    if (code === COMMA) cursor.position += 1;
    else if (code !== BRACE_CLOSE)
      cursor.fail(`"," or "}" was expected after label "${name}", found ${excerpt(cursor)}`);
  }
  cursor.position += 1;
  assertUnique(labels, cursor);
  return quotedName === undefined ? { labels } : { labels, quotedName };
}

function assertUnique(labels: readonly LabelPair[], cursor: Cursor): void {
  for (let i = 1; i < labels.length; i += 1) {
    const name = labels[i]![0];
    for (let j = 0; j < i; j += 1) if (labels[j]![0] === name) cursor.fail(`label "${name}" is given twice`);
  }
}

function readQuoted(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.position + 1;
  let position = start;
  let escaped = false;
  for (;;) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) break;
    if (code === BACKSLASH) {
      escaped = true;
      position += 1;
    }
    if (position >= text.length || code === NEWLINE) cursor.fail('a quoted value is not closed');
    position += 1;
  }
  cursor.position = position + 1;
  const raw = text.slice(start, position);
  return escaped
    ? raw.replace(/\\(.)/gs, (whole, char: string) =>
        char === 'n' ? '\n' : char === '\\' || char === '"' ? char : whole,
      )
    : raw;
}

function readWord(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.position;
  let position = start;
  for (let code = text.charCodeAt(position); code > SPACE; code = text.charCodeAt(position)) position += 1;
  cursor.position = position;
  return text.slice(start, position);
}

function parseValue(word: string, cursor: Cursor): number {
  const value = Number(word);
  if (!Number.isNaN(value) && word !== '') return value;
  if (/^nan$/i.test(word)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(word);
  if (infinite === null) cursor.fail(word === '' ? 'the value is missing' : `"${word}" is not a number`);
  return infinite[1] === '-' ? -Infinity : Infinity;
}

function excerpt(cursor: Cursor): string {
  const rest = cursor.text.slice(cursor.position, cursor.position + 20).split('\n')[0];
  return rest === '' ? 'the end of the line' : `"${rest}"`;
}
