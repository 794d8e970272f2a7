import type { Command } from '../command.ts';

export const analysisTest: Command = {
  name: 'analysis test',
  summary: 'run tests of analysis templates, and probe their thresholds',
  description:
    'A test file names templates and gives input series, arguments and the phase that must come of them, in the manner of\n' +
    '"promtool test rules" (docs/guides/rehearse.md). A file of templates is probed instead: values just below and above each\n' +
    'threshold, no series, NaN and infinity, gaps in which a run is inconclusive, and the requests that one verdict needs.\n' +
    'Neither Prometheus nor the engine is needed. Exits 1 when a test is not met, 2 for a mistake in a file.',
  arguments: [{ name: 'FILE', summary: 'test file, or file with analysis templates', repeat: true }],
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: ['text', 'json'],
      default: 'text',
      summary: 'form of the report',
    },
    { name: 'requests-per-second', value: 'N', summary: 'what the canary gets: tells how long a verdict takes' },
  ],
  examples: [
    { command: 'pern analysis test pern-gitops/tests/analysis.test.yaml', does: 'the tests of one file' },
    {
      command: 'pern analysis test pern-gitops/projects/analysis-template.yaml',
      does: 'what each metric says to which value',
    },
  ],
  run: async (invocation) => (await import('../actions/analysis.ts')).runAnalysisTests(invocation),
};
