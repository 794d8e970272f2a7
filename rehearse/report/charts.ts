import { escapeXml } from './machine-formats.ts';

export interface Series {
  name: string;
  /** A colour's class of the page. */
  tone: string;
  points: readonly { atMs: number; value: number }[];
}

export interface Chart {
  title: string;
  fromMs: number;
  toMs: number;
  /** Highest value of the axis; the highest point when left out. */
  top?: number;
  series: readonly Series[];
  /** A horizontal line: a threshold, a quota. */
  limit?: { value: number; name: string };
  /** Keeps its value until the next point. */
  isStep?: boolean;
  format(value: number): string;
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [640, 160, 56, 22, 8];

/** A chart as SVG: axes with three marks each, lines with names, each point with a tip. */
export function chartSvg(chart: Chart): string {
  const values = chart.series.flatMap(({ points }) => points.map(({ value }) => value)).filter(Number.isFinite);
  const most =
    Math.max(chart.top ?? 0, chart.limit?.value ?? 0, ...(chart.top === undefined ? values : []), 1e-9) *
    (chart.top === undefined ? 1.08 : 1);
  const x = (ms: number) => LEFT + ((ms - chart.fromMs) / Math.max(1, chart.toMs - chart.fromMs)) * (WIDTH - LEFT - 8);
  const y = (value: number) => HEIGHT - BOTTOM - (Math.min(value, most) / most) * (HEIGHT - BOTTOM - TOP);
  const marks = [0, 0.5, 1].map((part) => {
    const at = y(most * part).toFixed(1);
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - 8}" y1="${at}" y2="${at}"/><text class="axis" x="${LEFT - 6}" y="${Number(at) + 4}" text-anchor="end">${escapeXml(chart.format(most * part))}</text>`;
  });
  const times = [0, 0.5, 1].map((part) => {
    const ms = (chart.toMs - chart.fromMs) * part;
    const minutes = Math.round(ms / 60_000);
    const text =
      ms < 600_000 ? `${Math.round(ms / 1000)} s` : minutes < 300 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
    const anchor = part === 0 ? 'start' : part === 1 ? 'end' : 'middle';
    return `<text class="axis" x="${x(chart.fromMs + ms).toFixed(1)}" y="${HEIGHT - 6}" text-anchor="${anchor}">${text}</text>`;
  });
  const limit =
    chart.limit === undefined
      ? ''
      : `<line class="limit" x1="${LEFT}" x2="${WIDTH - 8}" y1="${y(chart.limit.value).toFixed(1)}" y2="${y(chart.limit.value).toFixed(1)}"/><text class="limit-name" x="${WIDTH - 10}" y="${(y(chart.limit.value) - 4).toFixed(1)}" text-anchor="end">${escapeXml(chart.limit.name)}</text>`;
  const lines = chart.series.map(({ tone, points, name }) => {
    const path = pathOf(
      points.filter(({ value }) => Number.isFinite(value)),
      x,
      y,
      chart.isStep === true,
      chart.toMs,
    );
    return path === '' ? '' : `<path class="line ${tone}" d="${path}"><title>${escapeXml(name)}</title></path>`;
  });
  const legend = chart.series.map(({ name, tone }) => `<span class="key ${tone}">${escapeXml(name)}</span>`).join(' ');
  return `<figure><figcaption>${escapeXml(chart.title)} ${legend}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(chart.title).replaceAll('"', '&quot;')}">${marks.join('')}${times.join('')}${lines.join('')}${limit}</svg></figure>`;
}

function pathOf(
  points: readonly { atMs: number; value: number }[],
  x: (ms: number) => number,
  y: (value: number) => number,
  isStep: boolean,
  toMs: number,
): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${x(first.atMs).toFixed(1)} ${y(first.value).toFixed(1)}`;
  for (const { atMs, value } of rest) {
    path += isStep ? `H${x(atMs).toFixed(1)}V${y(value).toFixed(1)}` : `L${x(atMs).toFixed(1)} ${y(value).toFixed(1)}`;
  }
  return isStep ? `${path}H${x(toMs).toFixed(1)}` : rest.length === 0 ? `${path}h1` : path;
}
