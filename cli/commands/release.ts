import { type Command, WATCH_OPTION } from '../command.ts';

export const release: Command = {
  name: 'release',
  summary: 'build a version of a component and commit it to an environment',
  description:
    'Builds the image from pern-app/ as it is in the working tree, sets its newTag in the kustomization of the\n' +
    'environment, and commits that one file. The commit is the deployment. Faults make a version that misbehaves on\n' +
    'purpose: error-rate=0.2, latency-ms=150, readiness=fail, query-delay-ms=80; all of them: pern-app/README.md.',
  arguments: [
    { name: 'COMPONENT', summary: 'component to release (backend, frontend)' },
    { name: 'VERSION', summary: 'version, which becomes the image tag (1.1.0)' },
  ],
  options: [
    { name: 'env', short: 'e', value: 'ENV', default: 'development', summary: 'environment to release to' },
    { name: 'fault', value: 'NAME=VALUE', repeat: true, summary: 'what this version does wrong' },
    { name: 'replace', summary: 'build again although this version exists with other content' },
    WATCH_OPTION,
    { name: 'timeout', value: 'DURATION', default: '10m', summary: 'how long to watch with -w' },
  ],
  examples: [
    { command: 'pern release backend 1.1.0 -w', does: 'release to development and watch the canary' },
    { command: 'pern release backend 1.2.0 --fault error-rate=0.2', does: 'see a bad version being rolled back' },
  ],
  run: async (invocation) => (await import('../actions/release.ts')).runRelease(invocation),
};
