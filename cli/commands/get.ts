import { type Command, NAMESPACE_OPTIONS, OUTPUT_OPTION, WATCH_OPTION } from '../command.ts';

export const get: Command = {
  name: 'get',
  summary: 'list objects, or show one',
  description:
    "The table is the server's own, as in kubectl. KIND is a plural, singular or short name (pods, po, rollouts, ro),\n" +
    'several of them with commas, or "all". KIND/NAME works too.',
  arguments: [
    { name: 'KIND', summary: 'kind of object: pods, rollouts, applications, events ...' },
    { name: 'NAME', summary: 'name of one object', optional: true },
  ],
  options: [
    ...NAMESPACE_OPTIONS,
    { name: 'all-namespaces', short: 'A', summary: 'look in all namespaces' },
    { name: 'selector', short: 'l', value: 'LABELS', summary: 'only objects with these labels (app=web,tier!=cache)' },
    { name: 'field-selector', value: 'FIELDS', summary: 'only objects with these field values (status.phase=Running)' },
    OUTPUT_OPTION,
    WATCH_OPTION,
  ],
  examples: [
    { command: 'pern get pods -e development', does: 'pods of the development environment' },
    { command: 'pern get rollout backend -e production -o yaml', does: 'one object, whole' },
    { command: 'pern get events -A -w', does: 'what happens, as it happens' },
  ],
  run: async (invocation) => (await import('../actions/get.ts')).runGet(invocation),
};
