import type { MetricProbe } from '../../rehearse/analysis/probe.ts';
import type { AnalysisTestResult } from '../../rehearse/analysis/run-test.ts';
import { type Line, span } from './lines.ts';

const TONES = { Successful: 'ok', Failed: 'bad', Error: 'bad', Inconclusive: 'warn' } as const;

/** One line a test; for one that is not met, what came instead. */
export function analysisTestLines(results: readonly AnalysisTestResult[]): Line[] {
  if (results.length === 0) return [];
  const bad = results.filter(({ failures }) => failures.length > 0).length;
  return [
    ...results.flatMap(({ test, failures }): Line[] => [
      [span(failures.length === 0 ? '✓ ' : '✗ ', failures.length === 0 ? 'ok' : 'bad'), span(test.name)],
      ...failures.map(
        (text): Line => [span(`    ${test.at.file}:${test.at.line}:${test.at.column} `, 'dim'), span(text)],
      ),
    ]),
    [span(`${results.length} tests, ${bad} not met`, bad === 0 ? 'ok' : 'bad')],
  ];
}

/** What each metric says to which value. */
export function probeLines(probes: readonly MetricProbe[], requestsPerSecond?: number): Line[] {
  return probes.flatMap(({ template, metric, probes: values, findings, requestsNeeded }): Line[] => [
    [span(`${template} / ${metric}`, 'strong')],
    ...values.map(
      ({ value, phase }): Line => [span(`  ${value.padEnd(14)}`), span(phase, TONES[phase as keyof typeof TONES])],
    ),
    ...(requestsNeeded === undefined
      ? []
      : [
          [
            span(
              `  needs ${requestsNeeded} requests in a window${timeText(requestsNeeded, requestsPerSecond)}: with fewer, one wrong answer alone breaks the limit`,
              'dim',
            ),
          ],
        ]),
    ...findings.map((text): Line => [span('  warning ', 'warn'), span(text)]),
    [],
  ]);
}

function timeText(requests: number, perSecond: number | undefined): string {
  return perSecond === undefined || perSecond === 0
    ? ''
    : `, ${Math.ceil(requests / perSecond)} s at ${perSecond} requests/s`;
}
