import type { Command, Option } from '../../command.ts';

const FILTERS: readonly Option[] = [
  { name: 'who', value: 'NAME', summary: 'only this identity or group (part of it)' },
  { name: 'what', value: 'TEXT', summary: 'only this verb, object, commit or message (part of it)' },
  {
    name: 'since',
    value: 'TIME',
    summary: 'only from this time on (2026-01-31T08:00:00Z) or for the last DURATION (2h)',
  },
  { name: 'refused', summary: 'only what was refused' },
];

export const auditList: Command = {
  name: 'audit list',
  summary: 'show who did what to which object, and which rule allowed or refused it',
  description: 'Reads the record in the state folder; the engine need not run.',
  arguments: [],
  options: [
    ...FILTERS,
    { name: 'limit', value: 'N', default: '50', summary: 'the newest N records; 0: all' },
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: ['json', 'wide'],
      summary: 'json, or wide with rule and source',
    },
  ],
  examples: [
    { command: 'pern audit list --refused --since 24h', does: 'what was refused since yesterday' },
    { command: 'pern audit list --who proj:pern-app:ci -o wide', does: 'what the pipeline did, and by which rule' },
  ],
  run: async (invocation) => (await import('../../actions/audit.ts')).runAuditList(invocation),
};

export const auditVerify: Command = {
  name: 'audit verify',
  summary: 'prove that the audit record is whole: nothing edited, deleted, moved or cut off',
  description:
    'Checks the hash of every record and of the one before it, and the end against the head that is kept in another file. Whoever may\n' +
    'write both can forge both: note the head elsewhere and check it with --head. Exits 1 when something is wrong.',
  arguments: [],
  options: [
    { name: 'head', value: 'SEQ:HASH', summary: 'a head noted before: that record must still be there' },
    { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], summary: 'print the report as json' },
  ],
  examples: [
    { command: 'pern audit verify', does: 'is the record whole?' },
    { command: 'pern audit verify --head 120:5e88…', does: 'is it still the record it was last week?' },
  ],
  run: async (invocation) => (await import('../../actions/audit.ts')).runAuditVerify(invocation),
};

export const auditExport: Command = {
  name: 'audit export',
  summary: 'print the record as JSON lines, for another system',
  arguments: [],
  options: FILTERS,
  examples: [{ command: 'pern audit export --since 24h', does: "yesterday's records" }],
  run: async (invocation) => (await import('../../actions/audit.ts')).runAuditExport(invocation),
};
