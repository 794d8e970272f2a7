import type { ReportedRun } from '../report/machine-formats.ts';
import { cell, markdownReport } from '../report/markdown.ts';
import type { ReportLine } from '../report/text.ts';
import { clockText, countText, spanText } from '../report/words.ts';
import type { Change } from './change.ts';

const LISTED_MAX = 12;

/** What changes, before what comes of it. */
export function changeLines({ files, deployments }: Change): ReportLine[] {
  return [
    [{ text: `${Object.keys(files).length} files change ${deployments.length} deployments`, tone: 'strong' }],
    ...deployments.flatMap(({ name, added, changed, removed, images }): ReportLine[] => [
      [
        { text: `  ${name}`, tone: 'strong' },
        { text: `: ${added.length} added, ${changed.length} changed, ${removed.length} removed` },
      ],
      ...images.map(({ object, image, from, to }): ReportLine => [{ text: `    ${object}: ${image} ${from} → ${to}` }]),
      ...listed('    pruned: ', removed, 'bad'),
      ...listed('    new: ', added, 'ok'),
    ]),
    [],
  ];
}

function listed(prefix: string, names: readonly string[], tone: 'bad' | 'ok'): ReportLine[] {
  const more = names.length > LISTED_MAX ? [`… and ${names.length - LISTED_MAX} more`] : [];
  return [...names.slice(0, LISTED_MAX), ...more].map((name): ReportLine => [{ text: `${prefix}${name}`, tone }]);
}

/** The comment of a pull request. */
export function changeMarkdown(change: Change, runs: readonly ReportedRun[]): string {
  const lines = change.deployments.flatMap(({ name, added, changed, removed, images }) => [
    `- **${cell(name)}**: ${added.length} added, ${changed.length} changed, ${removed.length} removed`,
    ...images.map(({ object, from, to }) => `  - ${cell(object)}: ${cell(`${from} → ${to}`)}`),
    ...removed.slice(0, LISTED_MAX).map((id) => `  - ⚠️ pruned: ${cell(id)}`),
  ]);
  return `# What this change will do\n\n${lines.join('\n') || 'Nothing that is deployed changes.'}\n\n${when(runs)}\n\n${markdownReport(runs)}`;
}

/** When, how long, how many: of the run with good images. */
function when([good]: readonly ReportedRun[]): string {
  const facts = good?.facts;
  if (facts === undefined || facts.releases.length === 0) return '';
  return facts.releases
    .map(({ environment, component, to, startMs, endMs, exposure }) => {
      const waits = startMs - facts.startMs > 60_000 ? `, waits ${spanText(startMs - facts.startMs)}` : '';
      const takes = endMs === undefined ? 'does not end by itself' : `takes ${spanText(endMs - startMs)}`;
      return `- ${environment}: ${component} ${to} begins ${clockText(startMs)} UTC${waits}, ${takes}, about ${countText(exposure.users)} users meet it before it is proven`;
    })
    .join('\n');
}
