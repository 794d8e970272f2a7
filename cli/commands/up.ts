import type { Command } from '../command.ts';

export const up: Command = {
  name: 'up',
  summary: 'start the engine and deploy what git declares',
  description:
    'Shows the progress and ends it with the URLs when everything is Synced and Healthy. It then stays, prints what\n' +
    'happens, and stops the engine with everything it runs on Ctrl-C (a second Ctrl-C does not wait). With --detach it\n' +
    'leaves the engine running; "pern down" stops it.\n\n' +
    'What git says is changed in a few places so that a fresh clone runs anywhere and at any time: a key of this machine is\n' +
    'trusted, people may sync outside of windows, and production follows a signed tag that "pern approve" moves. "pern status"\n' +
    'lists these overrides; --strict is without: production then waits for an approval of a commit signed by a key in git.',
  arguments: [],
  options: [
    { name: 'env', short: 'e', value: 'ENV', repeat: true, summary: 'deploy this environment only' },
    { name: 'detach', short: 'd', summary: 'leave the engine running and end when all is up' },
    { name: 'api-port', value: 'N', default: '6444', summary: 'port of the Kubernetes API; 0 takes any free one' },
    { name: 'ingress-port', value: 'N', default: '8080', summary: 'port of the ingress; 0 takes any free one' },
    { name: 'kustomize', value: 'PATH', summary: 'render with this kustomize binary (default: in process, as 5.8)' },
    { name: 'strict', summary: 'no local overrides: keys, windows and revisions exactly as git has them' },
    { name: 'timeout', value: 'DURATION', default: '5m', summary: 'how long to wait until all is Synced and Healthy' },
  ],
  examples: [
    { command: 'pern up', does: 'run everything until Ctrl-C' },
    { command: 'pern up --env development --detach', does: 'one environment in the background' },
    { command: 'pern up --strict', does: 'as on a cluster: production waits for "pern approve production"' },
  ],
  run: async (invocation) => (await import('../actions/up.ts')).runUp(invocation),
};
