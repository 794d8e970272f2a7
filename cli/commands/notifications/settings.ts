import type { Argument, Command, Option } from '../../command.ts';

const CONFIG_MAP: Option = {
  name: 'config-map',
  value: 'FILE',
  summary: 'argocd-notifications-cm as a file (default: the one of the running engine)',
};
const APP: Argument = {
  name: 'APP',
  summary: 'application or environment, or a file with an Application (app.yaml); with a file no engine is needed',
};
const TEMPLATE: Argument = { name: 'NAME', summary: 'name of the template' };
const TRIGGER: Argument = { name: 'NAME', summary: 'name of the trigger' };
const CONTEXT =
  'As "argocd admin notifications". With --config-map and an Application from a file no engine is needed.';

export const templateGet: Command = {
  name: 'notifications template get',
  summary: 'list templates, or print one',
  arguments: [{ ...TEMPLATE, optional: true }],
  options: [CONFIG_MAP],
  examples: [
    { command: 'pern notifications template get', does: 'names and first lines' },
    { command: 'pern notifications template get app-degraded', does: 'one template as YAML' },
  ],
  run: async (invocation) => (await import('../../actions/notification-settings.ts')).runTemplateGet(invocation),
};

export const templateNotify: Command = {
  name: 'notifications template notify',
  summary: 'make a message from a template and print it, or send it',
  description: CONTEXT,
  arguments: [TEMPLATE, APP],
  options: [
    {
      name: 'recipient',
      value: 'SERVICE:RECIPIENT',
      repeat: true,
      summary: 'where to send it; console:stdout prints it (default)',
    },
    CONFIG_MAP,
  ],
  examples: [
    { command: 'pern notifications template notify app-degraded staging', does: 'the message as it would be' },
    {
      command: 'pern notifications template notify app-degraded staging --recipient slack:ops',
      does: 'the running engine sends it to #ops',
    },
    {
      command: 'pern notifications template notify app-degraded app.yaml --config-map notifications.yaml',
      does: 'try a template before it is committed',
    },
  ],
  run: async (invocation) => (await import('../../actions/notification-settings.ts')).runTemplateNotify(invocation),
};

export const triggerGet: Command = {
  name: 'notifications trigger get',
  summary: 'list triggers, or show the conditions of one',
  arguments: [{ ...TRIGGER, optional: true }],
  options: [CONFIG_MAP],
  examples: [{ command: 'pern notifications trigger get on-degraded', does: 'when, oncePer, templates' }],
  run: async (invocation) => (await import('../../actions/notification-settings.ts')).runTriggerGet(invocation),
};

export const triggerRun: Command = {
  name: 'notifications trigger run',
  summary: 'say whether a trigger fires for an application as it is now',
  description: `${CONTEXT}\nExits with 1 when no condition holds.`,
  arguments: [TRIGGER, APP],
  options: [CONFIG_MAP],
  examples: [
    { command: 'pern notifications trigger run on-degraded staging', does: 'each condition with its outcome' },
  ],
  run: async (invocation) => (await import('../../actions/notification-settings.ts')).runTriggerRun(invocation),
};
