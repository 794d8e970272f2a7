import type { Command } from '../../command.ts';
import { POLICY_FILE } from './can.ts';

export const rbacValidate: Command = {
  name: 'rbac validate',
  summary: 'check argocd-rbac-cm and the roles of all AppProjects, with file, line and column',
  description: 'Reads the files as they are on disk; no engine is needed. Warnings are told, errors make it exit 1.',
  arguments: [],
  options: [POLICY_FILE],
  examples: [
    { command: 'pern rbac validate', does: 'everything under pern-gitops/' },
    { command: 'pern rbac validate --policy-file rbac.csv', does: 'one policy' },
  ],
  run: async (invocation) => (await import('../../actions/rbac.ts')).runRbacValidate(invocation),
};
