import type { Command } from '../command.ts';

export const kustomize: Command = {
  name: 'kustomize',
  summary: 'print what a kustomization stands for, as "kustomize build" does',
  description:
    'Reads the files as they are on disk, without the engine and without a kustomize binary; the output is byte for byte\n' +
    'that of kustomize 5.8. All mistakes are reported, each with its place, why, and how to fix it; it then exits 1.',
  arguments: [{ name: 'DIR', summary: 'folder with a kustomization.yaml (default: the current one)', optional: true }],
  options: [
    {
      name: 'load-restrictor',
      value: 'WHICH',
      choices: ['root-only', 'none'],
      default: 'root-only',
      summary: 'none lets files lie outside of the folder of their kustomization',
    },
  ],
  examples: [
    { command: 'pern kustomize pern-gitops/apps/pern-app/overlays/staging', does: 'what staging declares' },
    { command: 'pern kustomize . --load-restrictor none', does: 'a tree whose folders share patches' },
  ],
  run: async (invocation) => (await import('../actions/kustomize.ts')).runKustomize(invocation),
};
