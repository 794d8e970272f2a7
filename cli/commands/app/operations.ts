import type { Command } from '../../command.ts';
import { APPLICATION_ARGUMENT } from './get.ts';

const load = () => import('../../actions/app-operations.ts');
const JSON_OUTPUT = { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], summary: 'print as JSON' };

export const appHistory: Command = {
  name: 'app history',
  summary: 'list what was deployed when, newest last',
  arguments: [APPLICATION_ARGUMENT],
  options: [{ ...JSON_OUTPUT, choices: ['json', 'id'], summary: 'print as JSON, or ids only' }],
  examples: [{ command: 'pern app history production', does: 'the deployments a rollback can go back to' }],
  run: async (invocation) => (await load()).runAppHistory(invocation),
};

export const appRollback: Command = {
  name: 'app rollback',
  summary: 'deploy an earlier entry of the history again',
  description:
    'Applies the revision and source of the entry without hooks. Refused while auto-sync is on (exit code 4): the controller\n' +
    'would sync forward again, so revert the commit instead.',
  arguments: [
    APPLICATION_ARGUMENT,
    { name: 'ID', summary: 'id in the history (default: the deployment before the current one)', optional: true },
  ],
  options: [
    { name: 'prune', summary: 'delete what that revision does not have' },
    { name: 'dry-run', summary: 'only say what would be done' },
    { name: 'async', summary: 'do not wait' },
    { name: 'timeout', value: 'DURATION', default: '5m', summary: 'how long to wait' },
  ],
  examples: [{ command: 'pern app rollback production 3', does: 'go back to deployment 3' }],
  run: async (invocation) => (await load()).runAppRollback(invocation),
};

export const appTerminate: Command = {
  name: 'app terminate-op',
  summary: 'end the operation that runs',
  arguments: [APPLICATION_ARGUMENT],
  options: [],
  examples: [{ command: 'pern app terminate-op staging', does: 'end a sync whose hook hangs' }],
  run: async (invocation) => (await load()).runAppTerminate(invocation),
};

export const appResources: Command = {
  name: 'app resources',
  summary: 'list what an application manages',
  arguments: [APPLICATION_ARGUMENT],
  options: [JSON_OUTPUT],
  examples: [{ command: 'pern app resources staging', does: 'each object with sync status and health' }],
  run: async (invocation) => (await load()).runAppResources(invocation),
};

export const appConfirmDeletion: Command = {
  name: 'app confirm-deletion',
  summary: 'approve the deletions that wait for it (Prune=confirm, Delete=confirm)',
  arguments: [APPLICATION_ARGUMENT],
  options: [],
  examples: [{ command: 'pern app confirm-deletion production', does: 'let the sync prune the database claim' }],
  run: async (invocation) => (await load()).runAppConfirmDeletion(invocation),
};
