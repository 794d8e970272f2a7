import type { Command } from '../command.ts';

export const up: Command = {
  name: 'up',
  summary: 'start the engine and deploy what git declares',
  description:
    'Shows the progress and ends it with the URLs when everything is Synced and Healthy. It then stays, prints what\n' +
    'happens, and stops the engine with everything it runs on Ctrl-C (a second Ctrl-C does not wait). With --detach it\n' +
    'leaves the engine running; "pern down" stops it.',
  arguments: [],
  options: [
    { name: 'env', short: 'e', value: 'ENV', repeat: true, summary: 'deploy this environment only' },
    { name: 'detach', short: 'd', summary: 'leave the engine running and end when all is up' },
    { name: 'api-port', value: 'N', default: '6444', summary: 'port of the Kubernetes API; 0 takes any free one' },
    { name: 'ingress-port', value: 'N', default: '8080', summary: 'port of the ingress; 0 takes any free one' },
    { name: 'kustomize', value: 'PATH', summary: 'render with this kustomize binary (default: in process, as 5.8)' },
    { name: 'timeout', value: 'DURATION', default: '5m', summary: 'how long to wait until all is Synced and Healthy' },
  ],
  examples: [
    { command: 'pern up', does: 'run everything until Ctrl-C' },
    { command: 'pern up --env development --detach', does: 'one environment in the background' },
  ],
  run: async (invocation) => (await import('../actions/up.ts')).runUp(invocation),
};
