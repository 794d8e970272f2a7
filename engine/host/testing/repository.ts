import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** This checkout: where the tree, the application and the packages come from. */
export const CHECKOUT = dirname(dirname(dirname(import.meta.dirname)));

const AUTHOR = ['-c', 'user.name=tester', '-c', 'user.email=tester@localhost', '-c', 'commit.gpgsign=false'];
const OVERLAYS = 'pern-gitops/apps/pern-app/overlays';

/** Path of a file of an environment's overlay, relative to the repository. */
export function overlayFile(environment: string, file: string): string {
  return `${OVERLAYS}/${environment}/${file}`;
}

/** A git repository of a test's own, with this checkout's declaration and application as its first commit. */
export interface TestRepository {
  /** Holds the repository, and the state folder of the engine beside it; removed as a whole. */
  folder: string;
  path: string;
  read(file: string): string;
  /** Changes the text of a file in the work tree; throws when `edit` changes nothing. */
  edit(file: string, edit: (text: string) => string): void;
  write(file: string, text: string): void;
  /** Commits the whole work tree. Returns the hash and when git was done (ms since the epoch). */
  commit(message: string): Commit;
  /** Sets the tag of a component's image in an overlay and commits: what a release is. */
  release(environment: string, component: string, version: string): Commit;
  /** Takes the newest commit back with a commit. */
  revert(): Commit;
  remove(): void;
}

export interface Commit {
  sha: string;
  doneAtMs: number;
}

/** @param prepare Changes that are part of the first commit. */
export function createRepository(prepare: (repository: TestRepository) => void = () => {}): TestRepository {
  const folder = mkdtempSync(join(tmpdir(), 'pern-e2e-'));
  // Pods run as users of their own and have to reach the state folder inside.
  chmodSync(folder, 0o755);
  const path = join(folder, 'repository');
  for (const part of ['pern-gitops', 'pern-app']) {
    cpSync(join(CHECKOUT, part), join(path, part), {
      recursive: true,
      filter: (source) => basename(source) !== 'node_modules',
    });
  }
  symlinkSync(join(CHECKOUT, 'node_modules'), join(path, 'node_modules'));
  writeFileSync(join(path, '.gitignore'), 'node_modules\n');
  const repository = openRepository(folder, path);
  git(path, 'init', '--quiet', '--initial-branch=main');
  prepare(repository);
  repository.commit('first');
  return repository;
}

function openRepository(folder: string, path: string): TestRepository {
  const read = (file: string) => readFileSync(join(path, file), 'utf8');
  const write = (file: string, text: string) => writeFileSync(join(path, file), text);
  const edit = (file: string, change: (text: string) => string) => {
    const before = read(file);
    const after = change(before);
    if (after === before) throw new Error(`${file}: the edit changed nothing`);
    write(file, after);
  };
  const commit = (message: string): Commit => {
    git(path, 'add', '--all');
    git(path, 'commit', '--quiet', '--message', message);
    return newest(path);
  };
  return {
    folder,
    path,
    read,
    write,
    edit,
    commit,
    release(environment, component, version) {
      edit(overlayFile(environment, 'kustomization.yaml'), (text) => withTag(text, component, version));
      return commit(`release ${component} ${version} to ${environment}`);
    },
    revert() {
      git(path, 'revert', '--no-edit', 'HEAD');
      return newest(path);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function withTag(text: string, component: string, version: string): string {
  const entry = new RegExp(`(/${component}\\n\\s+newTag: )\\S+`);
  return text.replace(entry, `$1${version}`);
}

function newest(path: string): Commit {
  return { doneAtMs: Date.now(), sha: git(path, 'rev-parse', 'HEAD').trim() };
}

function git(path: string, ...args: string[]): string {
  return execFileSync('git', ['-C', path, ...AUTHOR, ...args], { encoding: 'utf8' });
}
