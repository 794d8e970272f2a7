import type { Rule } from '../rule.ts';

/** `docs/reference/check-rules.md`, whole. A test compares it with the file. */
export function rulesPage(rules: readonly Rule[]): string {
  const families = Map.groupBy(rules, ({ id }) => id.split('/')[0] as string);
  const sections = [...families].flatMap(([family, members]) => [`## ${family}\n`, ...members.map(section)]);
  const rows = rules.map(
    ({ id, severity, summary }) =>
      `| [${id}](#${id.replace('/', '')}) | ${severity} | ${summary.replaceAll('|', '\\|')} |`,
  );
  return [
    '# The rules of pern check\n',
    'Made from the rules themselves (`check/rules/`); do not edit. `UPDATE_GOLDEN=1 npm test -- check/report` writes it anew.\n',
    'A finding is accepted with a comment above the line, or at the head of a document: `# pern-check: ignore RULE -- REASON`.\n',
    ['| rule | severity | finds |', '| --- | --- | --- |', ...rows, ''].join('\n'),
    ...sections,
  ].join('\n');
}

function section({ id, severity, summary, why, example }: Rule): string {
  return `### ${id}\n\n*${severity}*: ${summary}.\n\n${why}\n\n\`\`\`yaml\n# wrong\n${example.bad}\n\n# right\n${example.good}\n\`\`\`\n`;
}
