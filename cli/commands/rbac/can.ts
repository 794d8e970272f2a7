import type { Command, Option } from '../../command.ts';

export const POLICY_FILE: Option = {
  name: 'policy-file',
  value: 'FILE',
  summary: 'policy as CSV, or a manifest of argocd-rbac-cm (default: the one under pern-gitops/, if there is one)',
};

export const LIVE: Option = { name: 'live', summary: 'ask the running engine instead of the files' };

export const rbacCan: Command = {
  name: 'rbac can',
  summary: 'say whether someone may do something, and which policy line decides',
  description:
    'Reads argocd-rbac-cm and the AppProjects of the repository as they are on disk; no engine is needed. WHO is an account, a\n' +
    'group, a role (role:readonly) or a project role (proj:PROJECT:ROLE). Exits 0 for yes, 1 for no.',
  arguments: [
    { name: 'WHO', summary: 'account, group, role or project role' },
    { name: 'ACTION', summary: 'get, create, update, delete, sync, override, action/GROUP/KIND/NAME, ...' },
    { name: 'RESOURCE', summary: 'applications (app), projects, logs, clusters, ...' },
    { name: 'OBJECT', summary: 'PROJECT/NAME, or a name; every one (*/*) when left out', optional: true },
  ],
  options: [
    POLICY_FILE,
    LIVE,
    { name: 'default-role', value: 'ROLE', summary: "instead of the policy's own policy.default" },
    { name: 'no-builtin-policy', summary: 'leave role:admin and role:readonly out' },
    { name: 'no-strict', summary: 'take actions and resources that Argo CD does not know' },
    { name: 'quiet', short: 'q', summary: 'print nothing, only exit' },
    { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], summary: 'print the decision as json' },
  ],
  examples: [
    { command: 'pern rbac can role:readonly sync app pern-app/pern-app-production', does: 'no: the role only reads' },
    {
      command: 'pern rbac can proj:pern-app:ci sync app pern-app/pern-app-staging',
      does: "the role of the tree's own project",
    },
    { command: 'pern rbac can alice get logs --policy-file rbac.csv', does: 'try a policy before it is committed' },
  ],
  run: async (invocation) => (await import('../../actions/rbac.ts')).runRbacCan(invocation),
};
