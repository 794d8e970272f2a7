/** What `# HELP` and `# TYPE` lines of the text format say about metrics. */

export interface MetricMetadata {
  readonly type: string;
  readonly help: string;
}

/** By metric name; the last line of a kind wins. A metric with only one of the two lines gets `unknown` or an empty help. */
export function parseMetadata(text: string): Map<string, MetricMetadata> {
  const known = new Map<string, MetricMetadata>();
  for (const [, kind, name = '', rest = ''] of text.matchAll(/^# (HELP|TYPE) (\S+)[ \t]*(.*)$/gm)) {
    const { type, help } = known.get(name) ?? { type: 'unknown', help: '' };
    if (kind === 'HELP') known.set(name, { type, help: unescapeHelp(rest.trimEnd()) });
    else known.set(name, { type: rest.trim() === 'untyped' ? 'unknown' : rest.trim(), help });
  }
  return known;
}

function unescapeHelp(text: string): string {
  return text.replace(/\\(\\|n)/g, (_, char: string) => (char === 'n' ? '\n' : '\\'));
}
