import type { Finding, Severity } from '../finding.ts';
import type { Rule } from '../rule.ts';
import type { CheckResult } from '../run.ts';

const LEVELS: Record<Severity, string> = { error: 'error', warning: 'warning', info: 'note' };

/** SARIF 2.1.0, as code scanning services read it. Accepted findings are included as suppressed. */
export function sarifReport({ findings, accepted }: CheckResult, rules: readonly Rule[], version: string): string {
  const results = [
    ...findings.map((finding) => result(finding)),
    ...accepted.map(({ finding, reason }) => ({
      ...result(finding),
      suppressions: [{ kind: 'inSource', justification: reason }],
    })),
  ];
  const driver = { name: 'pern check', version, rules: rules.map(describe) };
  const report = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function describe({ id, severity, summary, why, example }: Rule) {
  return {
    id,
    shortDescription: { text: summary },
    fullDescription: { text: why },
    help: { text: `Wrong:\n${example.bad}\n\nRight:\n${example.good}` },
    defaultConfiguration: { level: LEVELS[severity] },
  };
}

function result({ rule, severity, at, message, why, fix, related }: Finding) {
  const text = [message, ...(why === undefined ? [] : [`Why: ${why}`]), ...(fix === undefined ? [] : [`Fix: ${fix}`])];
  return {
    ruleId: rule,
    level: LEVELS[severity],
    message: { text: text.join('\n') },
    locations: [location(at)],
    ...(related === undefined
      ? {}
      : { relatedLocations: related.map((other) => ({ ...location(other.at), message: { text: other.message } })) }),
  };
}

function location({ file, line, column }: Finding['at']) {
  const artifactLocation = { uri: file.split('/').map(encodeURIComponent).join('/') };
  return { physicalLocation: { artifactLocation, region: { startLine: line, startColumn: column } } };
}
