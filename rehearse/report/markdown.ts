import type { Facts } from '../run/facts.ts';
import type { ReportedRun } from './machine-formats.ts';
import { condensed, countText, headline, isExpected, offsetText, spanText } from './words.ts';

/** For a comment of a pull request: the outcome first, details folded. */
export function markdownReport(runs: readonly ReportedRun[]): string {
  const bad = runs.filter(({ facts }) => !isExpected(facts)).length;
  const head =
    bad === 0
      ? `## ✅ Rehearsal: all ${runs.length} as expected`
      : `## ❌ Rehearsal: ${bad} of ${runs.length} otherwise than expected`;
  return `${[head, ...runs.map(({ facts }) => section(facts))].join('\n\n')}\n`;
}

function section(facts: Facts): string {
  const mark = isExpected(facts) ? '✅' : '❌';
  const parts = [
    `### ${mark} ${cell(facts.scenario.name)}`,
    cell(headline(facts)),
    releaseTable(facts),
    decisions(facts),
    fold(`Timeline (${spanText(facts.endMs - facts.startMs)} of the real run)`, timeline(facts)),
    fold(`Analyses (${facts.analyses.length})`, analyses(facts)),
    fold(
      `Messages (${facts.notifications.length})`,
      facts.notifications
        .map(({ service, recipient, text }) => `- ${cell(`${service} ${recipient}: ${text}`)}`)
        .join('\n'),
    ),
    fold('Not modelled', facts.notModelled.map((text) => `- ${cell(text)}`).join('\n')),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function releaseTable({ releases }: Facts): string {
  if (releases.length === 0) return '';
  const rows = releases.map(
    ({ environment, component, from, to, outcome, startMs, endMs, maxWeightPercent, exposure }) =>
      row([
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
      ]),
  );
  const head = [
    'environment',
    'component',
    'release',
    'outcome',
    'takes',
    'most traffic',
    'requests',
    'wrong answers',
    'users exposed',
    'at risk',
  ];
  return [row(head), row(head.map(() => '---')), ...rows].join('\n');
}

function decisions({ decisions: made, startMs }: Facts): string {
  return made
    .map(({ atMs, by, what, outcome }) => `- ${offsetText(atMs - startMs)} ${cell(`${by} ${what}: ${outcome}`)}`)
    .join('\n');
}

function timeline({ timeline: entries, startMs }: Facts): string {
  const lines = condensed(entries).map(({ atMs, environment = '', component = '', text, times }) =>
    row([offsetText(atMs - startMs), environment, component, `${text}${times > 1 ? ` (${times} times)` : ''}`]),
  );
  return lines.length === 0
    ? ''
    : [row(['time', 'environment', 'component', 'what']), row(['---', '---', '---', '---']), ...lines].join('\n');
}

function analyses({ analyses: runs }: Facts): string {
  const lines = runs.flatMap(({ environment, component, kind, stepIndex, metrics }) =>
    metrics.map(({ name, phase, successCondition = '', measurements }) =>
      row([
        environment,
        component,
        stepIndex === undefined ? kind : `step ${stepIndex + 1}`,
        name,
        phase,
        measurements
          .map(({ value, phase: own }) => value ?? own)
          .slice(-5)
          .join(' '),
        successCondition,
      ]),
    ),
  );
  const head = ['environment', 'component', 'run', 'metric', 'phase', 'last values', 'good when'];
  return lines.length === 0 ? '' : [row(head), row(head.map(() => '---')), ...lines].join('\n');
}

function fold(title: string, body: string): string {
  return body === '' ? '' : `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(cell).join(' | ')} |`;
}

/** Text that cannot break out of its cell, nor become markup. */
export function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('@', '@\u200b');
}
