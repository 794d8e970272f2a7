import type { Finding, Severity } from '../finding.ts';
import type { CheckResult } from '../run.ts';

/** Text with a meaning; the terminal decides on colours. */
export interface ReportSpan {
  text: string;
  tone?: 'bad' | 'warn' | 'dim' | 'strong' | 'ok';
}
export type ReportLine = readonly ReportSpan[];

const TONES = { error: 'bad', warning: 'warn', info: 'dim' } as const satisfies Record<Severity, ReportSpan['tone']>;

/** The report for people: each finding with its line of text, why and fix; then one line that sums up. */
export function reportLines({ findings, accepted, tree }: CheckResult): ReportLine[] {
  const lines = findings.flatMap((finding) => [
    ...findingLines(finding, tree.sources.get(finding.at.file)?.text.split('\n')[finding.at.line - 1]),
    [],
  ]);
  return [...lines, summaryLine(findings, accepted.length, tree.deployments.length, tree.objects.length)];
}

function findingLines(finding: Finding, source: string | undefined): ReportLine[] {
  const { at, rule, severity, message, why, fix, object, deployments, related } = finding;
  const gutter = String(at.line);
  const pad = ' '.repeat(gutter.length);
  const about = [object, deployments === undefined ? undefined : `in ${deployments.join(', ')}`].filter(Boolean);
  return [
    [
      { text: `${at.file}:${at.line}:${at.column}`, tone: 'strong' },
      { text: ' ' },
      { text: severity, tone: TONES[severity] },
      { text: ` ${message} ` },
      { text: `[${rule}]`, tone: 'dim' },
    ],
    ...(source === undefined || source === ''
      ? []
      : [
          [{ text: ` ${gutter} | `, tone: 'dim' as const }, { text: source }],
          [{ text: ` ${pad} | ${' '.repeat(Math.max(0, at.column - 1))}^`, tone: TONES[severity] }],
        ]),
    ...(about.length === 0 ? [] : [[{ text: `  object  ${about.join(' ')}` }]]),
    ...(why === undefined ? [] : [[{ text: `  why     ${why}` }]]),
    ...(fix === undefined ? [] : [[{ text: `  fix     ${fix}` }]]),
    ...(related ?? []).map((other) => [
      { text: `  see     ${other.at.file}:${other.at.line}:${other.at.column} ${other.message}` },
    ]),
  ];
}

function summaryLine(findings: readonly Finding[], accepted: number, deployments: number, objects: number): ReportLine {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, infos] = [count('error'), count('warning'), count('info')];
  const parts = [
    `${errors} ${errors === 1 ? 'error' : 'errors'}`,
    `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
    ...(infos === 0 ? [] : [`${infos} for information`]),
    ...(accepted === 0 ? [] : [`${accepted} accepted with a reason`]),
  ];
  const scope = `${objects} ${objects === 1 ? 'object' : 'objects'} of ${deployments} ${deployments === 1 ? 'deployment' : 'deployments'}`;
  return [
    { text: parts.join(', '), tone: errors > 0 ? 'bad' : warnings > 0 ? 'warn' : 'ok' },
    { text: ` in ${scope}` },
  ];
}
