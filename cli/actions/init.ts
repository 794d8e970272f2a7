import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { runGit } from '../git/repository.ts';
import { planTree, withDefaults } from '../init/plan.ts';
import { labelled, plain } from '../view/lines.ts';

/** This project's own tree is the template. */
const OWN = dirname(dirname(import.meta.dirname));
const TREE = 'pern-gitops';
/** State of an engine that runs in the repository. */
const IGNORED = '.pern/\n';

export async function runInit({ options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const folder = resolve(words[0] ?? '.');
  const request = withDefaults(
    {
      name: options.text('name'),
      repoURL: options.text('repo'),
      registry: options.text('registry'),
      host: options.text('host'),
      components: options.texts('component'),
      environments: options.texts('env'),
    },
    { folder: basename(folder), remote: remoteOf(folder) },
  );
  const files = planTree(readTemplate(OWN), request);
  if (!existsSync(join(folder, '.gitignore'))) files.set('.gitignore', IGNORED);
  refuseExisting(folder);
  terminal.lines(
    labelled([
      ['Name', request.name],
      ['Repository', request.repoURL],
      [
        'Images',
        request.components
          .filter((part) => /end$/.test(part))
          .map((part) => `${request.registry}/${part}`)
          .join(', '),
      ],
      ['Components', request.components.join(', ')],
      ['Hosts', request.environments.map((environment) => request.host.replaceAll('{env}', environment)).join(', ')],
    ]),
  );
  const isDry = options.flag('dry-run');
  if (isDry) terminal.lines([[], ...[...files.keys()].map((path) => plain(path))]);
  else for (const [path, text] of files) write(join(folder, path), text);
  terminal.note(`${files.size} files ${isDry ? 'would be' : 'were'} written to ${folder}`);
  terminal.note(
    isDry ? `Next: pern init ${words[0]}` : `Next: pern check ${join(folder, TREE)}, then docs/guides/adopt.md`,
  );
  return EXIT_CODES.ok;
}

/** Path → text of this project's tree. */
export function readTemplate(repository: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(join(repository, TREE), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(repository.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8'));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function refuseExisting(folder: string): void {
  if (!existsSync(join(folder, TREE))) return;
  throw new CliError({
    what: 'there is a tree already',
    where: join(folder, TREE),
    why: 'nothing is overwritten',
    fix: 'name another folder, or move this one away',
  });
}

function remoteOf(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  try {
    return runGit(folder, ['remote', 'get-url', 'origin']).trim();
  } catch (error) {
    // No repository, or one that is nowhere else: then the defaults are made of the folder's name.
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
