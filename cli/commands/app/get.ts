import { type Command, OUTPUT_OPTION, WATCH_OPTION } from '../../command.ts';

export const APPLICATION_ARGUMENT = { name: 'NAME', summary: 'application or environment (pern-app-staging, staging)' };

export const appGet: Command = {
  name: 'app get',
  summary: 'show one application: sync, health, conditions, last operation, resources',
  arguments: [APPLICATION_ARGUMENT],
  options: [
    { name: 'refresh', summary: 'compare with git first' },
    { name: 'hard-refresh', summary: 'the same; nothing here is remembered that a hard refresh would forget' },
    OUTPUT_OPTION,
    WATCH_OPTION,
  ],
  examples: [
    { command: 'pern app get staging', does: 'why staging is not Synced or not Healthy' },
    { command: 'pern app get pern-app-production --refresh', does: 'look at git now' },
  ],
  run: async (invocation) => (await import('../../actions/app.ts')).runAppGet(invocation),
};
