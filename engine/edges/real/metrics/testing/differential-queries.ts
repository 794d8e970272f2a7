/** What a differential test of PromQL feeds and asks: generated, always the same. */

export const SCRAPES = 80;
export const SPACING_MS = 15_000;

const PODS = ['a', 'b', 'c'];
const BOUNDS = ['0.05', '0.1', '0.25', '0.5', '1', '2.5', '+Inf'];

/** A number from 0 to 1 that depends on all of its arguments and on nothing else. */
function noise(...seeds: number[]): number {
  let hash = 2166136261;
  for (const seed of seeds) hash = Math.imul(hash ^ (seed + 0x9e3779b9), 16777619) >>> 0;
  hash ^= hash >>> 15;
  return (Math.imul(hash, 2246822519) >>> 0) / 2 ** 32;
}

/** The exposition of scrape `index`; every sample carries its time. */
export function bodyAt(baseMs: number, index: number): string {
  const lines: string[] = [];
  const tMs = baseMs + index * SPACING_MS;
  const write = (series: string, value: number | string) => lines.push(`${series} ${value} ${tMs}`);
  PODS.forEach((pod, p) => {
    ['200', '404', '500'].forEach((status, s) => {
      // Pod c restarts in the middle: its counters begin anew.
      const since = pod === 'c' && index >= 40 ? index - 40 : index + 1000;
      write(
        `requests_total{pod="${pod}",status="${status}",zone="z${p % 2}"}`,
        Math.round((since * (10 + 7 * p)) / (1 + 4 * s)),
      );
    });
    // Pod b is silent for a while.
    if (pod !== 'b' || index < 30 || index > 55)
      write(`temperature{pod="${pod}",zone="z${p % 2}"}`, Math.sin(index / 5 + p) * 20 + noise(p, index));
    write(`limits{pod="${pod}"}`, 20 + 5 * p);
    write(`odd{pod="${pod}"}`, index % 7 === 0 ? 'NaN' : index % 11 === 0 ? '+Inf' : noise(p, index, 9) * 1e9 - 5e8);
    let cumulative = 0;
    BOUNDS.forEach((le, b) => {
      cumulative += Math.floor((index + 500) * (1 + noise(p, b) * 5));
      write(`latency_seconds_bucket{pod="${pod}",le="${le}"}`, cumulative);
    });
  });
  write('build_info{version="1.2.3",team="shop"}', 1);
  write('flag', index % 4 < 2 ? 0 : 1);
  return `${lines.join('\n')}\n`;
}

const RANGE_FUNCTIONS =
  'rate irate increase delta idelta deriv changes resets avg_over_time min_over_time max_over_time sum_over_time count_over_time last_over_time stddev_over_time stdvar_over_time present_over_time absent_over_time'.split(
    ' ',
  );
const RANGES = [
  'requests_total[2m]',
  'requests_total{pod="c"}[11m]',
  'temperature[5m]',
  'temperature{zone="z1"}[9m] offset 3m',
  'odd[3m]',
  'flag[10m]',
  'temperature[10m:30s]',
  'rate(requests_total[2m])[6m:1m]',
];
const VECTORS = [
  'requests_total',
  'temperature',
  'rate(requests_total[4m])',
  'odd',
  'temperature offset 90s',
  'flag',
  'nothing',
];
const MATH =
  'abs ceil floor exp ln log2 log10 sqrt sgn round sin cos tan atan sinh cosh tanh asinh deg rad timestamp minute hour day_of_week day_of_month day_of_year days_in_month month year sort sort_desc absent'.split(
    ' ',
  );
const AGGREGATIONS = 'sum avg min max count group stddev stdvar'.split(' ');
const GROUPINGS = ['', 'by (pod) ', 'by (zone, status) ', 'without (pod, instance) ', 'by () '];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='];

const product = <A, B>(left: readonly A[], right: readonly B[]): [A, B][] =>
  left.flatMap((a) => right.map((b): [A, B] => [a, b]));

const SINGLE = [
  '1 + 2 * 3 ^ 2 % 5',
  '-2 ^ 2',
  '1 / 0',
  '0 / 0',
  '2 > bool 1',
  'time() - time() % 60',
  'vector(1) + vector(2)',
  'pi()',
  '0x1F',
  'scalar(limits{pod="a"})',
  'scalar(limits)',
  '"text"',
  'absent(nothing{a="b",c=~"d"})',
  'absent(flag)',
  'histogram_quantile(0.95, sum by (le) (rate(latency_seconds_bucket[5m])))',
  'histogram_quantile(0.5, rate(latency_seconds_bucket[5m]))',
  'histogram_quantile(0, latency_seconds_bucket)',
  'histogram_quantile(1, latency_seconds_bucket)',
  'histogram_quantile(scalar(flag), latency_seconds_bucket)',
  'quantile_over_time(0.3, temperature[6m])',
  'quantile_over_time(1.5, temperature[6m])',
  'predict_linear(temperature[8m], 3600)',
  'quantile by (zone) (0.9, temperature)',
  'quantile(-1, temperature)',
  'topk(2, requests_total)',
  'bottomk(3, requests_total)',
  'topk by (pod) (1, requests_total)',
  'count_values("value", limits)',
  'count_values by (zone) ("status", flag)',
  'clamp(temperature, -5, 5)',
  'clamp(temperature, 5, -5)',
  'clamp_min(odd, 0)',
  'clamp_max(odd, 0)',
  'round(temperature, 0.25)',
  'round(temperature, -3)',
  'label_replace(limits, "host", "$1-x", "pod", "(.*)")',
  'label_replace(limits, "pod", "", "pod", "a")',
  'label_replace(requests_total, "class", "${1}xx", "status", "(.)..")',
  'label_join(requests_total, "id", "/", "pod", "status")',
  'requests_total / on (pod) group_left limits',
  'requests_total * on (pod) group_left (zone) temperature',
  'limits * on (pod) group_right requests_total',
  'temperature + ignoring (zone) limits',
  'temperature and on (pod) limits{pod!="a"}',
  'temperature unless on (pod) limits{pod="a"}',
  'limits{pod="a"} or temperature',
  'limits or on (pod) temperature',
  'temperature and requests_total',
  'temperature > on (pod) limits',
  'temperature < bool on (pod) limits',
  'sum(requests_total{status=~"5.."}) / sum(requests_total)',
  'sum by (pod) (rate(requests_total{status!~"2..|4.."}[3m]))',
  'max_over_time(sum(rate(requests_total[2m]))[10m:45s])',
  'avg_over_time(temperature[3m] offset -1m)',
  'temperature @ 0',
  'max_over_time((temperature > 0)[10m:15s])',
  'count(count by (pod, status) (requests_total))',
  '{__name__=~"limits|flag"}',
  '{__name__="limits",pod!~"a|b"}',
  'build_info{version=~"1\\\\..*"}',
  'limits{pod=~"(a|b)?"}',
  'limits{missing=""}',
  '(temperature > 0) * 2',
  '-temperature',
  '+temperature',
  'temperature * -1 ^ 2',
  '2 ^ 3 ^ 2',
  '(limits - 20) / (limits - 20)',
  'day_of_week()',
  'hour(vector(1700000000))',
  'month(vector(1700000000))',
  'days_in_month(vector(951782400))',
  'sum(absent(flag))',
  'vector(time())',
  'sum by (zone) (temperature) > 0 or vector(0)',
  'avg without (status) (requests_total) > bool 1000',
  'group(limits) by (pod)',
];

/** Several hundred queries; every function, operator and modifier is among them. */
export const QUERIES: readonly string[] = [
  ...product(RANGE_FUNCTIONS, RANGES).map(([name, range]) => `${name}(${range})`),
  ...product(MATH, VECTORS.slice(1, 5)).map(([name, vector]) => `${name}(${vector})`),
  ...product(AGGREGATIONS, product(GROUPINGS, VECTORS)).map(([name, [by, vector]]) => `${name} ${by}(${vector})`),
  ...product(ARITHMETIC, ['temperature', 'odd']).flatMap(([op, vector]) => [
    `${vector} ${op} 3`,
    `7 ${op} ${vector}`,
    `${vector} ${op} ignoring (zone) limits`,
  ]),
  ...product(COMPARISONS, ['', 'bool ']).flatMap(([op, bool]) => [
    `temperature ${op} ${bool}2`,
    `odd ${op} ${bool}odd`,
    `requests_total ${op} ${bool}on (pod) group_left limits`,
  ]),
  ...SINGLE,
];
