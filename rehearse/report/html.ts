import type { AnalysisFacts, Facts, Release } from '../run/facts.ts';
import { chartSvg, type Series } from './charts.ts';
import { escapeXml, type ReportedRun } from './machine-formats.ts';
import {
  clockText,
  condensed,
  countText,
  headline,
  isExpected,
  numbersOf,
  numberText,
  offsetText,
  spanText,
} from './words.ts';

const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5c6670;--line:#d5dade;--good:#137a3e;--bad:#b3261e;--warn:#8a5a00;--a:#0b5fcc;--b:#7a3fb0}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e6e9ec;--dim:#a0abb5;--line:#343b42;--good:#5bc985;--bad:#ff8a80;--warn:#e6b450;--a:#7ab2ff;--b:#cba0f5}}
body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.25rem;border-top:1px solid var(--line);padding-top:1.2rem}h3{font-size:1rem;margin-bottom:.3rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.dim{color:var(--dim)}
figure{margin:.6rem 0;display:inline-block;width:min(100%,34rem);vertical-align:top}figcaption{font-size:.85rem;color:var(--dim)}svg{width:100%;height:auto}
.grid{stroke:var(--line)}.axis,.limit-name{fill:var(--dim);font-size:11px}.line{fill:none;stroke-width:1.8}.line.a{stroke:var(--a)}.line.b{stroke:var(--b)}.line.bad{stroke:var(--bad)}.line.good{stroke:var(--good)}
.limit{stroke:var(--bad);stroke-dasharray:5 4}.limit-name{fill:var(--bad)}.key{margin-left:.6rem}.key::before{content:"— "}.key.a{color:var(--a)}.key.b{color:var(--b)}.key.bad{color:var(--bad)}.key.good{color:var(--good)}
.scroll{overflow-x:auto}`;

/** One page that needs nothing else: outcome first, charts drawn here. */
export function htmlReport(runs: readonly ReportedRun[]): string {
  const bad = runs.filter(({ facts }) => !isExpected(facts)).length;
  const title =
    bad === 0
      ? `All ${runs.length} rehearsals as expected`
      : `${bad} of ${runs.length} rehearsals otherwise than expected`;
  const list = runs
    .map(
      ({ facts }, index) =>
        `<li class="${isExpected(facts) ? 'good' : 'bad'}"><a href="#r${index}">${escapeXml(facts.scenario.name)}</a>: ${escapeXml(headline(facts))}</li>`,
    )
    .join('');
  const sections = runs.map(({ facts, wallMs }, index) => section(facts, index, wallMs)).join('');
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeXml(title)}</title><style>${STYLE}</style></head><body><main><h1>${escapeXml(title)}</h1><ul>${list}</ul>${sections}</main></body></html>\n`;
}

function section(facts: Facts, index: number, wallMs: number | undefined): string {
  const speed = wallMs === undefined ? '' : `, rehearsed in ${(wallMs / 1000).toFixed(2)} s`;
  return `<section id="r${index}"><h2>${escapeXml(facts.scenario.name)}</h2><p class="${isExpected(facts) ? 'good' : 'bad'}">${escapeXml(headline(facts))}</p><p class="dim">${escapeXml(facts.scenario.description ?? '')} ${spanText(facts.endMs - facts.startMs)} of the real run from ${clockText(facts.startMs)} UTC${speed}; seed ${facts.scenario.seed}.</p>${checks(facts)}${releases(facts)}${facts.releases.map((release) => releaseCharts(facts, release)).join('')}${people(facts)}${messages(facts)}${timeline(facts)}${list('Not modelled', facts.notModelled)}</section>`;
}

function checks({ checks: all }: Facts): string {
  if (all.length === 0) return '';
  return `<ul>${all.map(({ ok, text, got, at }) => `<li class="${ok ? 'good' : 'bad'}">${ok ? '✓' : '✗'} ${escapeXml(text)}${ok ? '' : `: ${escapeXml(got)} <span class="dim">${escapeXml(at.file)}:${at.line}</span>`}</li>`).join('')}</ul>`;
}

function releases({ releases: all }: Facts): string {
  const rows = all.map(
    ({ environment, component, from, to, outcome, startMs, endMs, maxWeightPercent, exposure, message = '' }) =>
      cells(
        [environment, component, `${from} → ${to}`, outcome, message],
        [
          endMs === undefined ? '…' : spanText(endMs - startMs),
          `${maxWeightPercent} %`,
          countText(exposure.requests),
          countText(exposure.wrongAnswers),
          countText(exposure.slowAnswers),
          `~${countText(exposure.users)}`,
          spanText(exposure.minutesAtRisk * 60_000),
        ],
      ),
  );
  return grid(
    'Blast radius',
    ['environment', 'component', 'release', 'outcome', 'why'],
    ['took', 'most traffic', 'requests', 'wrong', 'above 1 s', 'users', 'at risk'],
    rows,
  );
}

function releaseCharts(facts: Facts, release: Release): string {
  const { environment, component, to, from, startMs } = release;
  const toMs = release.endMs ?? facts.endMs;
  const own = facts.components.find((one) => one.environment === environment && one.component === component);
  const within = <T extends { atMs: number }>(points: readonly T[]) =>
    points.filter(({ atMs }) => atMs >= startMs && atMs <= toMs + 120_000);
  const span = { fromMs: startMs, toMs };
  const rates = [from, to].flatMap((version, index): Series[] => {
    const samples = own?.versions.find((one) => one.version === version)?.samples ?? [];
    return [
      {
        name: version,
        tone: index === 0 ? 'a' : 'b',
        points: within(samples).map(({ atMs, requestsPerSecond }) => ({ atMs, value: requestsPerSecond })),
      },
    ];
  });
  const errors = [from, to].map((version, index): Series => {
    const samples = own?.versions.find((one) => one.version === version)?.samples ?? [];
    return {
      name: version,
      tone: index === 0 ? 'a' : 'bad',
      points: within(samples).map(({ atMs, errorRate }) => ({ atMs, value: errorRate * 100 })),
    };
  });
  const weights = [
    { atMs: startMs, value: 0 },
    ...release.weights.map(({ atMs, weightPercent }) => ({ atMs, value: weightPercent })),
  ];
  const pods = within(own?.pods ?? []);
  const percent = (value: number) => `${numberText(value)} %`;
  return `<h3>${escapeXml(`${environment}: ${component} ${to}`)}</h3>${[
    chartSvg({
      title: 'Share of the requests',
      ...span,
      top: 100,
      isStep: true,
      format: percent,
      series: [{ name: to, tone: 'b', points: weights }],
    }),
    chartSvg({ title: 'Requests per second', ...span, format: numberText, series: rates }),
    chartSvg({ title: 'Wrong answers', ...span, format: percent, series: errors }),
    chartSvg({
      title: 'Pods',
      ...span,
      isStep: true,
      format: numberText,
      series: [
        { name: 'all', tone: 'a', points: pods.map(({ atMs, total }) => ({ atMs, value: total })) },
        { name: 'ready', tone: 'good', points: pods.map(({ atMs, ready }) => ({ atMs, value: ready })) },
      ],
    }),
    ...metricCharts(
      facts.analyses.filter(
        (run) =>
          run.environment === environment &&
          run.component === component &&
          run.startMs >= startMs &&
          run.startMs <= toMs,
      ),
      span,
    ),
  ].join('')}`;
}

function metricCharts(runs: readonly AnalysisFacts[], span: { fromMs: number; toMs: number }): string[] {
  const byMetric = Map.groupBy(
    runs.flatMap(({ metrics }) => metrics),
    ({ name }) => name,
  );
  return [...byMetric].map(([name, metrics]) => {
    const points = metrics
      .flatMap(({ measurements }) => measurements)
      .flatMap(({ atMs, value }) =>
        numbersOf(value)
          .slice(0, 1)
          .map((number) => ({ atMs, value: number })),
      )
      .sort((a, b) => a.atMs - b.atMs);
    const threshold = metrics[0]?.threshold;
    const isBad = metrics.some(({ phase }) => phase === 'Failed' || phase === 'Error');
    return chartSvg({
      title: `${name}: ${isBad ? 'failed' : 'good'}, ${points.length} measured`,
      ...span,
      format: numberText,
      series: [{ name: 'value', tone: isBad ? 'bad' : 'good', points }],
      ...(threshold === undefined ? {} : { limit: { value: threshold, name: `threshold ${numberText(threshold)}` } }),
    });
  });
}

function people({ decisions, startMs }: Facts): string {
  return list(
    'People',
    decisions.map(({ atMs, by, what, outcome }) => `${offsetText(atMs - startMs)} ${by} ${what}: ${outcome}`),
  );
}

function messages({ notifications, startMs }: Facts): string {
  return list(
    'Messages that would be sent',
    notifications.map(
      ({ atMs, service, recipient, text, failure }) =>
        `${offsetText(atMs - startMs)} ${service} ${recipient}: ${text}${failure === undefined ? '' : ` (refused: ${failure})`}`,
    ),
  );
}

function timeline({ timeline: entries, startMs }: Facts): string {
  const rows = condensed(entries).map(
    ({ atMs, tone, environment = '', component = '', text, times }) =>
      `<tr><td class="n dim">${offsetText(atMs - startMs)}</td><td class="dim">${clockText(atMs)}</td><td>${escapeXml(`${environment} ${component}`)}</td><td class="${tone === 'info' ? '' : tone}">${escapeXml(text)}${times > 1 ? ` (${times} times)` : ''}</td></tr>`,
  );
  return rows.length === 0
    ? ''
    : `<h3>Timeline</h3><div class="scroll"><table><tbody>${rows.join('')}</tbody></table></div>`;
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0
    ? ''
    : `<h3>${title}</h3><ul>${items.map((item) => `<li>${escapeXml(item)}</li>`).join('')}</ul>`;
}

function cells(texts: readonly string[], numbers: readonly string[]): string {
  return `<tr>${texts.map((text) => `<td>${escapeXml(text)}</td>`).join('')}${numbers.map((text) => `<td class="n">${escapeXml(text)}</td>`).join('')}</tr>`;
}

function grid(title: string, texts: readonly string[], numbers: readonly string[], rows: readonly string[]): string {
  if (rows.length === 0) return '';
  const head = `${texts.map((text) => `<th>${text}</th>`).join('')}${numbers.map((text) => `<th class="n">${text}</th>`).join('')}`;
  return `<h3>${title}</h3><div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}
