import type { Command } from '../command.ts';

export const rehearse: Command = {
  name: 'rehearse',
  summary: 'play releases of this tree on a virtual clock and tell what they would do',
  description:
    'Runs the tree with the same controllers in a simulated world: pauses of hours, sync windows, approvals, metrics, failures\n' +
    'and rollback take about a second. Scenarios are files (scenarios/, docs/guides/rehearse.md); without one, all of them are\n' +
    'played. Exits 1 when something goes otherwise than a scenario expects, 2 when a scenario or the tree has a mistake.',
  arguments: [{ name: 'SCENARIO', summary: 'file, or name of a file in scenarios/', optional: true, repeat: true }],
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: ['text', 'json', 'junit', 'sarif', 'markdown', 'html'],
      default: 'text',
      summary: 'form of the report; html is one page with charts that needs nothing else',
    },
    { name: 'full', summary: 'with several scenarios: the whole report of each, not only of the unexpected' },
    {
      name: 'change',
      value: 'BASE..HEAD',
      summary: 'rehearse the commits of a pull request: each changed image once good and once bad',
    },
    { name: 'tree', value: 'DIR', summary: 'another tree: Argo objects, Kustomize or plain YAML, not in our layout' },
    { name: 'fuzz', value: 'N', summary: 'play N random worlds and check the promises in each' },
    { name: 'seed', value: 'S', summary: 'of chance; of the first world with --fuzz' },
    { name: 'list', summary: 'list the scenarios' },
  ],
  examples: [
    { command: 'pern rehearse', does: 'all scenarios of this repository' },
    { command: 'pern rehearse errors-8-percent', does: 'one of them, with its whole report' },
    { command: 'pern rehearse -o html good-release > report.html', does: 'a page with charts' },
    { command: 'pern rehearse --change origin/main..HEAD -o markdown', does: 'the comment of a pull request' },
    { command: 'pern rehearse --fuzz 100 --seed 7', does: 'a hundred random worlds' },
  ],
  run: async (invocation) => (await import('../actions/rehearse.ts')).runRehearse(invocation),
};
