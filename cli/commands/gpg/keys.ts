import type { Command, Option } from '../../command.ts';

const JSON_OUTPUT: Option = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  choices: ['json'],
  summary: 'print as json',
};
const KEY_ID = { name: 'KEYID', summary: 'the 16 digits of a key, or its fingerprint' };
const ABOUT = 'The keyring is ConfigMap argocd-gpg-keys-cm; which of its keys may sign is said by the AppProjects.';

export const gpgList: Command = {
  name: 'gpg list',
  summary: 'list the public keys that commits and tags are verified with',
  description: ABOUT,
  arguments: [],
  options: [JSON_OUTPUT],
  examples: [{ command: 'pern gpg list', does: 'keys with their owners, and which have expired' }],
  run: async (invocation) => (await import('../../actions/gpg.ts')).runGpgList(invocation),
};

export const gpgGet: Command = {
  name: 'gpg get',
  summary: 'show one public key',
  arguments: [KEY_ID],
  options: [JSON_OUTPUT],
  examples: [{ command: 'pern gpg get 4AEE18F83AFDEB23', does: 'fingerprint, owner and the key itself' }],
  run: async (invocation) => (await import('../../actions/gpg.ts')).runGpgGet(invocation),
};

export const gpgAdd: Command = {
  name: 'gpg add',
  summary: 'add public keys to the keyring',
  description: `${ABOUT}\nEvery key is read by gpg first; what is no public key is refused. Secret keys never leave the file.`,
  arguments: [],
  options: [{ name: 'from', value: 'FILE', summary: 'armoured public keys, as "gpg --armor --export" writes them' }],
  examples: [
    {
      command: 'pern gpg add --from ada.asc',
      does: "trust Ada's key",
    },
  ],
  run: async (invocation) => (await import('../../actions/gpg.ts')).runGpgAdd(invocation),
};

export const gpgRm: Command = {
  name: 'gpg rm',
  summary: 'remove a public key from the keyring',
  arguments: [KEY_ID],
  options: [],
  examples: [{ command: 'pern gpg rm 4AEE18F83AFDEB23', does: 'commits signed with it no longer verify' }],
  run: async (invocation) => (await import('../../actions/gpg.ts')).runGpgRm(invocation),
};
