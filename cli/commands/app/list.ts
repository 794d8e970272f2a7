import { type Command, OUTPUT_OPTION, WATCH_OPTION } from '../../command.ts';

export const appList: Command = {
  name: 'app list',
  summary: 'list applications with sync status and health',
  arguments: [],
  options: [
    { name: 'project', value: 'NAME', repeat: true, summary: 'only of this project' },
    { name: 'selector', value: 'LABELS', summary: 'only with these labels (team=shop,tier!=back)' },
    { name: 'repo', value: 'URL', repeat: true, summary: 'only with a source in this repository' },
    OUTPUT_OPTION,
    WATCH_OPTION,
  ],
  examples: [
    { command: 'pern app list', does: 'all applications' },
    { command: 'pern app list -o wide', does: 'with repository, path and revision' },
    { command: 'pern app list --project pern-app', does: 'those of one project' },
  ],
  run: async (invocation) => (await import('../../actions/app.ts')).runAppList(invocation),
};
