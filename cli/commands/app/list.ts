import { type Command, OUTPUT_OPTION, WATCH_OPTION } from '../../command.ts';

export const appList: Command = {
  name: 'app list',
  summary: 'list applications with sync status and health',
  arguments: [],
  options: [OUTPUT_OPTION, WATCH_OPTION],
  examples: [
    { command: 'pern app list', does: 'all applications' },
    { command: 'pern app list -o wide', does: 'with repository, path and revision' },
  ],
  run: async (invocation) => (await import('../../actions/app.ts')).runAppList(invocation),
};
