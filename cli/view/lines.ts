/**
 * What all views are made of: lines of toned spans. A view says what a text means (`ok`, `bad`); the terminal and the
 * console decide how that looks.
 */
export type Tone = 'ok' | 'bad' | 'warn' | 'busy' | 'paused' | 'dim' | 'strong';

export interface Span {
  text: string;
  tone?: Tone;
}

export type Line = readonly Span[];

/** What may stand in a table: plain text, a toned span, or several. */
export type Cell = string | Span | Line;

const SGR: Readonly<Record<Tone, string>> = {
  ok: '32',
  bad: '31',
  warn: '33',
  busy: '94',
  paused: '35',
  dim: '2',
  strong: '1',
};

export function span(text: string, tone?: Tone): Span {
  return tone === undefined ? { text } : { text, tone };
}

export function plain(text: string): Line {
  return [{ text }];
}

export function cellLine(cell: Cell): Line {
  if (typeof cell === 'string') return [{ text: cell }];
  return 'text' in cell ? [cell] : cell;
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + [...text].length, 0);
}

/** The text of a line; escape codes only with `colour`; cut at `widthMax` columns (all our symbols take one column). */
export function renderLine(line: Line, colour: boolean, widthMax = Number.POSITIVE_INFINITY): string {
  let left = widthMax;
  let result = '';
  for (const { text, tone } of line) {
    const letters = [...text];
    const part = letters.length > left ? letters.slice(0, left).join('') : text;
    left -= Math.min(left, letters.length);
    result += colour && tone !== undefined && part !== '' ? `\u001b[${SGR[tone]}m${part}\u001b[0m` : part;
  }
  return colour ? result : result.trimEnd();
}

/** Lines as one plain text: golden tests, logs, `-o` of nothing. */
export function plainText(lines: readonly Line[]): string {
  return lines.map((line) => `${renderLine(line, false)}\n`).join('');
}

/** Rows with aligned columns, `gap` spaces between them. The last column is not padded. */
export function table(rows: readonly (readonly Cell[])[], gap = 3): Line[] {
  const cells = rows.map((row) => row.map(cellLine));
  const widths: number[] = [];
  for (const row of cells) {
    row.forEach((line, column) => {
      widths[column] = Math.max(widths[column] ?? 0, lineWidth(line));
    });
  }
  return cells.map((row) =>
    row.flatMap((line, column) =>
      column === row.length - 1 ? line : [...line, { text: ' '.repeat(widths[column]! - lineWidth(line) + gap) }],
    ),
  );
}

/** A header row (dim) above the table. */
export function titledTable(titles: readonly string[], rows: readonly (readonly Cell[])[], gap = 3): Line[] {
  return table([titles.map((title) => span(title, 'dim')), ...rows], gap);
}

/** `Label:   value` blocks with the values in one column. */
export function labelled(rows: readonly (readonly [label: string, value: Cell])[], widthMin = 17): Line[] {
  const width = Math.max(widthMin, ...rows.map(([label]) => label.length + 2));
  return rows.map(([label, value]) => [
    { text: label === '' ? ''.padEnd(width) : `${label}:`.padEnd(width) },
    ...cellLine(value),
  ]);
}

export function indented(lines: readonly Line[], columns = 2): Line[] {
  return lines.map((line) => [{ text: ' '.repeat(columns) }, ...line]);
}

export interface TreeNode {
  /** Columns of this node; the first one carries the branch drawing. */
  cells: readonly Cell[];
  children: readonly TreeNode[];
}

/** Rows of a tree for `table`: each first cell is preceded by its branches (`├──`, `└──`, `│  `). */
export function treeRows(nodes: readonly TreeNode[]): Cell[][] {
  return nodes.flatMap((node) => [[...node.cells], ...childRows(node.children, '')]);
}

function childRows(nodes: readonly TreeNode[], prefix: string): Cell[][] {
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1;
    const [first = '', ...rest] = node.cells;
    const branch = span(`${prefix}${isLast ? '└──' : '├──'}`, 'dim');
    return [[[branch, ...cellLine(first)], ...rest], ...childRows(node.children, `${prefix}${isLast ? '   ' : '│  '}`)];
  });
}
