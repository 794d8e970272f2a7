const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

export interface Point {
  atMs: number;
  value: number;
}

/** A step function as a line of bars, `width` wide; the highest value of each column counts. Empty columns are spaces. */
export function sparkline(
  points: readonly Point[],
  span: { fromMs: number; toMs: number },
  width: number,
  top?: number,
): string {
  const columns: (number | undefined)[] = Array.from({ length: width }, () => undefined);
  const columnMs = Math.max(1, (span.toMs - span.fromMs) / width);
  let last: number | undefined;
  let next = 0;
  for (let column = 0; column < width; column++) {
    const endMs = span.fromMs + (column + 1) * columnMs;
    let highest = last;
    for (let first = true; next < points.length && (points[next] as Point).atMs <= endMs; next++, first = false) {
      last = (points[next] as Point).value;
      highest = first ? last : Math.max(highest ?? last, last);
    }
    columns[column] = highest;
  }
  const most = top ?? Math.max(1e-12, ...points.map(({ value }) => value).filter(Number.isFinite));
  return columns
    .map((value) => {
      if (value === undefined || Number.isNaN(value)) return ' ';
      const level = Math.round((Math.min(value, most) / most) * (BARS.length - 1));
      return BARS[Math.max(0, level)] ?? BARS[0];
    })
    .join('');
}

/** Columns padded to the same width; numbers to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, [...cell].length);
    });
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const fill = ' '.repeat(Math.max(0, (widths[index] ?? 0) - [...cell].length));
        return right.includes(index) ? fill + cell : cell + fill;
      })
      .join('  ')
      .trimEnd(),
  );
}
