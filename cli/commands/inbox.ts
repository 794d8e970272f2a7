import { type Command, OUTPUT_OPTION, WATCH_OPTION } from '../command.ts';

export const inbox: Command = {
  name: 'inbox',
  summary: 'show messages that no service was configured to take',
  description:
    'Notifications whose service is not in argocd-notifications-cm, or whose $keys are not in argocd-notifications-secret,\n' +
    'are kept here, so that you see what your team would have been told.',
  arguments: [],
  options: [
    { name: 'all', summary: 'messages that were sent or failed, too' },
    { name: 'app', value: 'NAME', summary: 'only messages about this application or rollout' },
    OUTPUT_OPTION,
    WATCH_OPTION,
  ],
  examples: [
    { command: 'pern inbox', does: 'the newest messages, last one at the end' },
    { command: 'pern inbox -w', does: 'messages as they come' },
  ],
  run: async (invocation) => (await import('../actions/notifications.ts')).runInbox(invocation),
};
