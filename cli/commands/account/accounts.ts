import type { Command, Option } from '../../command.ts';

const JSON_OUTPUT: Option = { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], summary: 'print json' };
const ACCOUNT: Option = { name: 'account', value: 'NAME', summary: 'account (default: the one whose token is used)' };

export const accountList: Command = {
  name: 'account list',
  summary: 'list the local accounts of argocd-cm that you may see',
  arguments: [],
  options: [JSON_OUTPUT],
  examples: [{ command: 'pern account list', does: 'names, whether they are enabled, what they may be used for' }],
  run: async (invocation) => (await import('../../actions/account.ts')).runAccountList(invocation),
};

export const accountGetUserInfo: Command = {
  name: 'account get-user-info',
  summary: 'say under which account and groups commands run',
  arguments: [],
  options: [JSON_OUTPUT],
  examples: [{ command: 'pern account get-user-info --auth-token "$TOKEN"', does: 'whose token this is' }],
  run: async (invocation) => (await import('../../actions/account.ts')).runUserInfo(invocation),
};

export const accountCanI: Command = {
  name: 'account can-i',
  summary: 'say whether you may do something, and which policy line decides',
  description: 'Asks the running engine under the token in use. Exits 0 for yes, 1 for no.',
  arguments: [
    { name: 'ACTION', summary: 'get, sync, update, action/GROUP/KIND/NAME, ...' },
    { name: 'RESOURCE', summary: 'applications (app), projects, logs, ...' },
    { name: 'OBJECT', summary: 'PROJECT/NAME, or a name' },
  ],
  options: [JSON_OUTPUT],
  examples: [
    { command: 'pern account can-i sync applications pern-app/pern-app-production', does: 'may I sync production?' },
  ],
  run: async (invocation) => (await import('../../actions/account.ts')).runCanI(invocation),
};

export const accountGenerateToken: Command = {
  name: 'account generate-token',
  summary: 'make a bearer token of an account; it is printed once and kept nowhere',
  description:
    'The account must have "apiKey" in argocd-cm. The engine keeps only the id of the token, in the secret argocd-secret.',
  arguments: [],
  options: [
    ACCOUNT,
    {
      name: 'expires-in',
      value: 'DURATION',
      default: '0s',
      summary: 'how long it is good for; 0s: until it is deleted',
    },
    { name: 'id', value: 'ID', summary: 'id to delete it by (default: a new one)' },
  ],
  examples: [
    { command: 'pern account generate-token --account ci --expires-in 24h', does: 'a token for a day' },
    { command: 'pern account generate-token --account ci --id laptop', does: 'one that is deleted by the name laptop' },
  ],
  run: async (invocation) => (await import('../../actions/account.ts')).runGenerateToken(invocation),
};

export const accountDeleteToken: Command = {
  name: 'account delete-token',
  summary: 'delete a token of an account by its id; it lets nobody in from then on',
  arguments: [{ name: 'ID', summary: 'id of the token (see account list -o json)' }],
  options: [ACCOUNT],
  examples: [{ command: 'pern account delete-token laptop --account ci', does: 'delete one token' }],
  run: async (invocation) => (await import('../../actions/account.ts')).runDeleteToken(invocation),
};
