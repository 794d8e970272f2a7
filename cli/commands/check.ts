import type { Command } from '../command.ts';

export const check: Command = {
  name: 'check',
  summary: 'find what is wrong in a GitOps tree, without an engine or a cluster',
  description:
    'Renders every kustomization, follows Applications and ApplicationSets to what they would deploy, and reports each\n' +
    'finding with rule, place, reason and fix. Exits 1 when there are findings of the severity of --fail-on or worse.\n' +
    'A comment accepts a finding: "# pern-check: ignore RULE -- REASON" above the line, or at the head of a document.',
  arguments: [
    { name: 'DIR', summary: 'folder of the tree (default: pern-gitops, or the current folder)', optional: true },
  ],
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: ['text', 'json', 'sarif', 'junit'],
      default: 'text',
      summary: 'form of the report',
    },
    {
      name: 'fail-on',
      value: 'SEVERITY',
      choices: ['error', 'warning', 'info', 'never'],
      default: 'error',
      summary: 'exit 1 from this severity on',
    },
    { name: 'rule', value: 'RULE', repeat: true, summary: 'check only this rule or family (images/tag, reference)' },
    { name: 'explain', value: 'RULE', summary: 'tell what a rule finds, why it matters, wrong and right' },
  ],
  examples: [
    { command: 'pern check', does: 'the tree of this repository' },
    { command: 'pern check -o sarif', does: 'the report that code scanning services read' },
    { command: 'pern check --explain images/tag', does: 'what a rule is about' },
  ],
  run: async (invocation) => (await import('../actions/check.ts')).runCheck(invocation),
};
