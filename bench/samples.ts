/** One quantity, measured several times. */
export interface Row {
  /** Which benchmark it comes from; what `--only` names. */
  bench: string;
  name: string;
  unit: string;
  values: readonly number[];
  /** What the values are made of, when that is worth a line. */
  remark?: string;
  aim?: Aim;
}

/** What was set out to be reached; the median is held against it. */
export interface Aim {
  comparison: '≤' | '≥';
  value: number;
}

/** Smallest, middle and largest of the values; NaN when there are none. */
export function summarise(values: readonly number[]): { min: number; median: number; max: number } {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
  return { min: sorted[0] ?? Number.NaN, median, max: sorted.at(-1) ?? Number.NaN };
}

export function isMet({ values, aim }: Row): boolean | undefined {
  if (aim === undefined || values.length === 0) return undefined;
  const { median } = summarise(values);
  return aim.comparison === '≤' ? median <= aim.value : median >= aim.value;
}

/** A Markdown table, so that the output can be pasted into the README. */
export function formatTable(rows: readonly Row[]): string {
  const header = ['Measured', 'unit', 'runs', 'min', 'median', 'max', 'aim', ''];
  const lines = [header, ...rows.map(cellsOf)];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length), 3));
  const format = (line: readonly string[]) =>
    `| ${line.map((cell, column) => (column === 0 || column > 5 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 || column > 5 ? `:${'-'.repeat(width + 1)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [format(header), rule, ...lines.slice(1).map(format)].join('\n');
}

function cellsOf(row: Row): string[] {
  const { min, median, max } = summarise(row.values);
  const met = isMet(row);
  return [
    row.remark === undefined ? row.name : `${row.name} (${row.remark})`,
    row.unit,
    String(row.values.length),
    ...[min, median, max].map(formatNumber),
    row.aim === undefined ? '' : `${row.aim.comparison} ${formatNumber(row.aim.value)}`,
    met === undefined ? '' : met ? 'met' : 'missed',
  ];
}

function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '-';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
