import type { Facts } from '../run/facts.ts';
import { headline, isExpected } from './words.ts';

export interface ReportedRun {
  facts: Facts;
  wallMs?: number;
}

/** The report for programs. The shape is a contract: fields are added, never renamed. */
export function jsonReport(runs: readonly ReportedRun[]): string {
  const rehearsals = runs.map(({ facts, wallMs }) => ({
    ok: isExpected(facts),
    headline: headline(facts),
    ...(wallMs === undefined ? {} : { wallMs: Math.round(wallMs) }),
    ...facts,
  }));
  return `${JSON.stringify({ version: 1, ok: rehearsals.every(({ ok }) => ok), rehearsals }, null, 2)}\n`;
}

/** JUnit XML: one suite a scenario, one case an expectation. */
export function junitReport(runs: readonly ReportedRun[]): string {
  const suites = runs.map(({ facts, wallMs = 0 }) => {
    const checks =
      facts.checks.length > 0 ? facts.checks : [{ text: headline(facts), ok: true, got: '', at: undefined }];
    const cases = checks.map(({ text, ok, got, at }) => {
      const head = `    <testcase classname=${quote(facts.scenario.name)} name=${quote(text)}`;
      if (ok) return `${head}/>\n`;
      const where = at === undefined ? '' : `${at.file}:${at.line}:${at.column} `;
      return `${head}>\n      <failure message=${quote(got)}>${escapeXml(`${where}expected that ${text}, but: ${got}`)}</failure>\n    </testcase>\n`;
    });
    const failures = checks.filter(({ ok }) => !ok).length;
    return `  <testsuite name=${quote(`pern rehearse: ${facts.scenario.name}`)} tests="${checks.length}" failures="${failures}" time="${(wallMs / 1000).toFixed(3)}">\n${cases.join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="pern rehearse">\n${suites.join('')}</testsuites>\n`;
}

/** SARIF 2.1.0: each expectation that was not met, at its place in the scenario. */
export function sarifReport(runs: readonly ReportedRun[], version: string): string {
  const results = runs.flatMap(({ facts }) =>
    facts.checks
      .filter(({ ok }) => !ok)
      .map(({ text, got, at }) => ({
        ruleId: 'rehearse/expectation',
        level: 'error',
        message: { text: `${facts.scenario.name}: expected that ${text}, but: ${got}` },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: at.file.split('/').map(encodeURIComponent).join('/') },
              region: { startLine: at.line, startColumn: at.column },
            },
          },
        ],
      })),
  );
  const rules = [
    {
      id: 'rehearse/expectation',
      shortDescription: { text: 'A rehearsed release did not go as the scenario expects' },
      defaultConfiguration: { level: 'error' },
    },
  ];
  const report = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'pern rehearse', version, rules } }, columnKind: 'utf16CodeUnits', results }],
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function quote(text: string): string {
  return `"${escapeXml(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`;
}

/** Also drops characters that XML 1.0 cannot hold. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '�')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
