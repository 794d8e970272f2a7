import type { Rule } from '../rule.ts';
import type { CheckResult } from '../run.ts';

/** JUnit XML: one suite a family, one case a rule; findings that are not mere information are failures of their rule. */
export function junitReport({ findings }: CheckResult, rules: readonly Rule[]): string {
  const failures = findings.filter(({ severity }) => severity !== 'info');
  const byRule = Map.groupBy(failures, ({ rule }) => rule);
  const ids = [...new Set([...rules.map(({ id }) => id), ...byRule.keys()])];
  const families = Map.groupBy(ids, (id) => id.split('/')[0] as string);
  const suites = [...families].map(([family, members]) => {
    const count = members.reduce((sum, id) => sum + (byRule.has(id) ? 1 : 0), 0);
    const cases = members.map((id) => {
      const found = byRule.get(id) ?? [];
      const head = `    <testcase classname=${quote(family)} name=${quote(id)}`;
      if (found.length === 0) return `${head}/>\n`;
      const text = found
        .map(
          ({ at, message, fix }) =>
            `${at.file}:${at.line}:${at.column} ${message}${fix === undefined ? '' : `; fix: ${fix}`}`,
        )
        .join('\n');
      const summary = `${found.length} ${found.length === 1 ? 'finding' : 'findings'}`;
      return `${head}>\n      <failure message=${quote(summary)}>${escapeXml(text)}</failure>\n    </testcase>\n`;
    });
    return `  <testsuite name=${quote(`pern check: ${family}`)} tests="${members.length}" failures="${count}">\n${cases.join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="pern check" tests="${ids.length}" failures="${byRule.size}">\n${suites.join('')}</testsuites>\n`;
}

function quote(text: string): string {
  return `"${escapeXml(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`;
}

/** Also drops characters that XML 1.0 cannot hold. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '�')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
