import { type Command, OUTPUT_OPTION, WATCH_OPTION } from '../../command.ts';

const NAME = { name: 'NAME', summary: 'name of a message, as "pern notifications list" shows it' };

export const notificationsList: Command = {
  name: 'notifications list',
  summary: 'list messages: what was told to whom, and whether it arrived',
  arguments: [],
  options: [
    { name: 'app', value: 'NAME', summary: 'only messages about this application or rollout' },
    { name: 'failed', summary: 'only messages that did not arrive' },
    OUTPUT_OPTION,
    WATCH_OPTION,
  ],
  examples: [
    { command: 'pern notifications list', does: 'all messages, newest last' },
    { command: 'pern notifications list --failed', does: 'what did not arrive, and why' },
  ],
  run: async (invocation) => (await import('../../actions/notifications.ts')).runList(invocation),
};

export const notificationsGet: Command = {
  name: 'notifications get',
  summary: 'show one message whole',
  arguments: [NAME],
  options: [OUTPUT_OPTION],
  examples: [{ command: 'pern notifications get pern-app-staging-1f0c2a9b', does: 'text, destination, outcome' }],
  run: async (invocation) => (await import('../../actions/notifications.ts')).runGet(invocation),
};

export const notificationsResend: Command = {
  name: 'notifications resend',
  summary: 'send a message again, also one that is in the inbox',
  arguments: [NAME],
  options: [],
  examples: [{ command: 'pern notifications resend pern-app-staging-1f0c2a9b', does: 'one more attempt, now' }],
  run: async (invocation) => (await import('../../actions/notifications.ts')).runResend(invocation),
};
