import type { Command } from '../command.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'say what this machine lacks to run the engine, and how to fix it',
  arguments: [],
  options: [
    { name: 'api-port', value: 'N', default: '6444', summary: 'port to check for the API' },
    { name: 'ingress-port', value: 'N', default: '8080', summary: 'port to check for the ingress' },
  ],
  examples: [{ command: 'pern doctor', does: 'before the first "pern up", or when it fails' }],
  run: async (invocation) => (await import('../actions/doctor.ts')).runDoctor(invocation),
};
