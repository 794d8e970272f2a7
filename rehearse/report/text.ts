import type { AnalysisFacts, Facts, MetricFacts, Release } from '../run/facts.ts';
import { sparkline, table } from './plot.ts';
import {
  clockText,
  condensed,
  countText,
  headline,
  isExpected,
  numbersOf,
  numberText,
  offsetText,
  percentText,
  spanText,
  toneOf,
} from './words.ts';

/** Text with a meaning; the terminal decides on colours. */
export interface ReportSpan {
  text: string;
  tone?: 'bad' | 'warn' | 'dim' | 'strong' | 'ok';
}
export type ReportLine = readonly ReportSpan[];

const PLOT_WIDTH = 48;
const TONES = { good: 'ok', bad: 'bad', warn: 'warn', info: undefined } as const;

/** The whole report of one rehearsal: the outcome first, then what led to it. `wallMs`: how long the rehearsal took. */
export function textReport(facts: Facts, wallMs?: number): ReportLine[] {
  return [
    ...outcomeLines(facts, wallMs),
    ...releaseLines(facts),
    ...weightLines(facts),
    ...analysisLines(facts),
    ...podLines(facts),
    ...peopleLines(facts),
    ...notificationLines(facts),
    ...timelineLines(facts),
    ...notModelledLines(facts),
  ];
}

/** One line, for lists of many. */
export function summaryLine(facts: Facts): ReportLine {
  const ok = isExpected(facts);
  return [
    { text: ok ? '✓ ' : '✗ ', tone: ok ? 'ok' : 'bad' },
    { text: facts.scenario.name, tone: 'strong' },
    { text: `  ${headline(facts)}` },
  ];
}

function outcomeLines(facts: Facts, wallMs: number | undefined): ReportLine[] {
  const ok = isExpected(facts);
  const real = `${spanText(facts.endMs - facts.startMs)} of the real run`;
  const speed = wallMs === undefined ? '' : `, rehearsed in ${(wallMs / 1000).toFixed(wallMs < 1000 ? 2 : 1)} s`;
  return [
    [
      { text: ok ? '✓ ' : '✗ ', tone: ok ? 'ok' : 'bad' },
      { text: facts.scenario.name, tone: 'strong' },
      { text: `  ${real}${speed}`, tone: 'dim' },
    ],
    [{ text: `  ${headline(facts)}`, tone: ok ? 'ok' : 'bad' }],
    ...facts.checks.map(
      ({ ok: met, text, got, at }): ReportLine => [
        { text: `  ${met ? '✓' : '✗'} `, tone: met ? 'ok' : 'bad' },
        { text },
        ...(met
          ? []
          : [
              { text: `: ${got}`, tone: 'bad' as const },
              { text: `  ${at.file}:${at.line}:${at.column}`, tone: 'dim' as const },
            ]),
      ],
    ),
  ];
}

function title(text: string): ReportLine[] {
  return [[], [{ text, tone: 'strong' }]];
}

function releaseLines({ releases }: Facts): ReportLine[] {
  if (releases.length === 0) return [];
  const head = [
    'environment',
    'component',
    'release',
    'outcome',
    'took',
    'most',
    'requests',
    'wrong',
    'users',
    'at risk',
  ];
  const rows = releases.map((release) => {
    const { environment, component, from, to, outcome, startMs, endMs, maxWeightPercent, exposure } = release;
    return [
      environment,
      component,
      `${from} → ${to}`,
      outcome,
      endMs === undefined ? '…' : spanText(endMs - startMs),
      `${maxWeightPercent} %`,
      countText(exposure.requests),
      countText(exposure.wrongAnswers),
      `~${countText(exposure.users)}`,
      spanText(exposure.minutesAtRisk * 60_000),
    ];
  });
  const lines = table([head, ...rows], [4, 5, 6, 7, 8, 9]);
  return [
    ...title('Blast radius of each release'),
    ...lines.map((line, index): ReportLine => {
      const release = releases[index - 1];
      return [{ text: `  ${line}`, tone: release === undefined ? 'dim' : toneOf(release.outcome) }];
    }),
    ...releases.flatMap((release): ReportLine[] =>
      release.message === undefined ? [] : [[{ text: `  ${release.component} ${release.to}: ${release.message}` }]],
    ),
  ];
}

function weightLines(facts: Facts): ReportLine[] {
  const shown = facts.releases.filter(({ weights }) => weights.length > 0);
  if (shown.length === 0) return [];
  return [
    ...title('Traffic share and errors'),
    ...shown.flatMap((release): ReportLine[] => {
      const span = { fromMs: release.startMs, toMs: release.endMs ?? facts.endMs };
      const weights = release.weights.map(({ atMs, weightPercent }) => ({ atMs, value: weightPercent }));
      const version = versionOf(facts, release);
      const errors = (version?.samples ?? []).filter(({ atMs }) => atMs >= span.fromMs && atMs <= span.toMs);
      const most = Math.max(0, ...errors.map(({ errorRate }) => errorRate));
      const bars = errors.map(({ atMs, errorRate }) => ({ atMs, value: errorRate }));
      const name = `${release.environment} ${release.component} ${release.to}`;
      return [
        [
          { text: `  ${name.padEnd(34)} share  ` },
          { text: sparkline(weights, span, PLOT_WIDTH, 100), tone: 'ok' },
          { text: `  ${release.weights.map(({ weightPercent }) => weightPercent).join(' ')} %`, tone: 'dim' },
        ],
        [
          { text: `  ${' '.repeat(34)} errors ` },
          { text: sparkline(bars, span, PLOT_WIDTH, Math.max(most, 0.05)), tone: most > 0 ? 'bad' : 'dim' },
          { text: `  at most ${percentText(most)}`, tone: 'dim' },
        ],
      ];
    }),
  ];
}

function versionOf(facts: Facts, { environment, component, to }: Release) {
  return facts.components
    .find((one) => one.environment === environment && one.component === component)
    ?.versions.find(({ version }) => version === to);
}

function analysisLines({ analyses }: Facts): ReportLine[] {
  if (analyses.length === 0) return [];
  const groups = Map.groupBy(analyses, ({ environment, component }) => `${environment} ${component}`);
  return [
    ...title('Analyses: measured values against thresholds'),
    ...[...groups].flatMap(([name, runs]): ReportLine[] => [[{ text: `  ${name}`, tone: 'dim' }], ...metricRows(runs)]),
  ];
}

/** One row a metric: all runs of a release together, the phase of the worst. */
function metricRows(runs: readonly AnalysisFacts[]): ReportLine[] {
  const byMetric = Map.groupBy(
    runs.flatMap(({ metrics }) => metrics),
    ({ name }) => name,
  );
  return [...byMetric].map(([name, metrics]): ReportLine => {
    const measurements = metrics.flatMap((metric) => metric.measurements).sort((a, b) => a.atMs - b.atMs);
    const points = measurements.flatMap(({ atMs, value }) =>
      numbersOf(value)
        .slice(0, 1)
        .map((number) => ({ atMs, value: number })),
    );
    const worst = metrics.reduce(
      (phase, metric) => (severity(metric.phase) > severity(phase) ? metric.phase : phase),
      'Pending',
    );
    const tone = worst === 'Failed' || worst === 'Error' ? 'bad' : worst === 'Inconclusive' ? 'warn' : 'ok';
    const { atMs: fromMs = 0 } = measurements[0] ?? {};
    const { atMs: toMs = 1 } = measurements.at(-1) ?? {};
    const threshold = metrics[0]?.threshold;
    const finite = points.map(({ value }) => value).filter(Number.isFinite);
    const range =
      finite.length === 0 ? 'no number' : `${numberText(Math.min(...finite))} … ${numberText(Math.max(...finite))}`;
    return [
      { text: `    ${worst.padEnd(12)}`, tone },
      { text: ` ${name.padEnd(24)} ` },
      { text: sparkline(points, { fromMs, toMs: Math.max(toMs, fromMs + 1) }, 24), tone },
      {
        text: `  ${range}  ${limitText(metrics[0], threshold)}, ${measurements.length} measured${errorText(measurements)}`,
        tone: 'dim',
      },
    ];
  });
}

function errorText(measurements: MetricFacts['measurements']): string {
  const errors = measurements.filter(({ phase }) => phase === 'Error');
  return errors.length === 0 ? '' : `, ${errors.length} without an answer (${errors.at(-1)?.message ?? ''})`;
}

function limitText(metric: MetricFacts | undefined, threshold: number | undefined): string {
  if (threshold === undefined) return metric?.successCondition ?? metric?.failureCondition ?? 'no condition';
  const operator = /result(?:\[\d+\])?\s*(<=|>=|<|>|==)/.exec(metric?.successCondition ?? '')?.[1] ?? '?';
  return `good when ${operator} ${numberText(threshold)}`;
}

function severity(phase: string): number {
  return ['Pending', 'Running', 'Successful', 'Inconclusive', 'Error', 'Failed'].indexOf(phase);
}

function podLines(facts: Facts): ReportLine[] {
  const released = new Set(facts.releases.map(({ environment, component }) => `${environment}/${component}`));
  const shown = facts.components.filter(({ environment, component }) => released.has(`${environment}/${component}`));
  if (shown.length === 0) return [];
  return [
    ...title('Pods'),
    ...shown.map(
      ({ environment, component, replicas, podsPeak, readyLeast, availableWanted, restarts, pods }): ReportLine => {
        const span = { fromMs: facts.startMs, toMs: facts.endMs };
        const wanted = availableWanted === undefined ? 'no disruption budget' : `budget wants ${availableWanted}`;
        const isShort = readyLeast < (availableWanted ?? 0);
        return [
          { text: `  ${`${environment} ${component}`.padEnd(34)}        ` },
          {
            text: sparkline(
              pods.map(({ atMs, total }) => ({ atMs, value: total })),
              span,
              PLOT_WIDTH,
            ),
            tone: 'ok',
          },
          {
            text: `  ${replicas} wanted, at most ${podsPeak}; ready at least ${readyLeast} (${wanted})`,
            tone: isShort ? 'bad' : 'dim',
          },
          ...(restarts === 0 ? [] : [{ text: `, ${restarts} restarts`, tone: 'bad' as const }]),
        ];
      },
    ),
    ...facts.environments
      .filter(
        ({ podsQuota, environment }) =>
          podsQuota !== undefined && facts.releases.some((one) => one.environment === environment),
      )
      .map(
        ({ environment, podsPeak, podsQuota = 0 }): ReportLine => [
          {
            text: `  ${environment}: at most ${podsPeak} pods of ${podsQuota} that the quota allows`,
            tone: podsPeak > podsQuota ? 'bad' : 'dim',
          },
        ],
      ),
    ...facts.environments
      .filter(({ unanswered }) => unanswered >= 1)
      .map(
        ({ environment, unanswered }): ReportLine => [
          { text: `  ${environment}: ${countText(unanswered)} requests found nobody`, tone: 'bad' },
        ],
      ),
  ];
}

function peopleLines({ decisions, startMs }: Facts): ReportLine[] {
  if (decisions.length === 0) return [];
  return [
    ...title('People'),
    ...decisions.map(
      ({ atMs, by, what, outcome }): ReportLine => [
        { text: `  ${offsetText(atMs - startMs)}  `, tone: 'dim' },
        { text: `${by} ${what}: ${outcome}` },
      ],
    ),
  ];
}

function notificationLines({ notifications, startMs }: Facts): ReportLine[] {
  if (notifications.length === 0) return [];
  return [
    ...title(`Messages that would be sent (${notifications.length})`),
    ...notifications.map(
      ({ atMs, service, recipient, text, failure }): ReportLine => [
        { text: `  ${offsetText(atMs - startMs)}  `, tone: 'dim' },
        { text: `${service} ${recipient}: ${text.replaceAll(/\s+/g, ' ').slice(0, 160)}` },
        ...(failure === undefined ? [] : [{ text: ` (refused: ${failure})`, tone: 'bad' as const }]),
      ],
    ),
  ];
}

function timelineLines({ timeline, startMs }: Facts): ReportLine[] {
  if (timeline.length === 0) return [];
  return [
    ...title('Timeline'),
    ...condensed(timeline).map(({ atMs, tone, environment, component, text, times }): ReportLine => {
      const mark = TONES[tone];
      return [
        { text: `  ${offsetText(atMs - startMs)} ${clockText(atMs)}  `, tone: 'dim' },
        { text: [environment, component].filter(Boolean).join(' ').padEnd(22), tone: 'dim' },
        { text: ` ${text}${times > 1 ? ` (${times} times)` : ''}`, ...(mark === undefined ? {} : { tone: mark }) },
      ];
    }),
  ];
}

function notModelledLines({ notModelled }: Facts): ReportLine[] {
  if (notModelled.length === 0) return [];
  return [...title('Not modelled'), ...notModelled.map((text): ReportLine => [{ text: `  ${text}`, tone: 'warn' }])];
}
