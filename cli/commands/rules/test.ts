import type { Command } from '../../command.ts';

export const rulesTest: Command = {
  name: 'rules test',
  summary: 'run tests of recording and alerting rules',
  description:
    'Takes test files in the format of "promtool test rules" and needs neither Prometheus nor the engine. Their rule_files may be\n' +
    'Prometheus rule files or PrometheusRule manifests. Says for each expectation that is not met what came instead; exits 1 then,\n' +
    'and when a file has a mistake, which is told with line and column.',
  arguments: [{ name: 'FILE', summary: 'test file', repeat: true }],
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: ['text', 'json'],
      default: 'text',
      summary: 'form of the report',
    },
  ],
  examples: [
    { command: 'pern rules test alerts.test.yaml', does: 'the tests of one file' },
    { command: 'pern rules test -o json rules/*.test.yaml', does: 'for a script' },
  ],
  run: async (invocation) => (await import('../../actions/rules.ts')).runRulesTest(invocation),
};
