import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CliError } from './errors.ts';

/** What the engine writes as soon as its API answers. */
export interface EngineRecord {
  pid: number;
  apiPort: number;
  ingressPort: number;
  repository: string;
  startedAt: string;
  version: string;
}

/** Written by `pern up` into a new state folder, so that `down --purge` knows what it may remove. */
const MARKER = 'PERN-STATE';
/** Any of these makes a folder a state folder; the second is the engine's own. */
const STATE_FILES = [MARKER, 'objects.db'];
const MARKER_TEXT = 'State of a pern engine: objects, volumes, images, logs. "pern down --purge" removes it.\n';

export interface StateChoice {
  repository: string;
  /** The --state option. */
  option: string | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  isRoot: boolean;
  /** Whether users other than the owner may pass through a folder. */
  isTraversable(folder: string): boolean;
}

/**
 * The one place that decides where an engine keeps its state: --state, then $PERN_STATE, then `.pern` in the repository.
 * An engine that runs as root starts pods as other users, so when those cannot reach the repository the state is under
 * /var/tmp, by a name made from the repository's path.
 */
export function decideStateFolder({ repository, option, environment, isRoot, isTraversable }: StateChoice): string {
  const named = option ?? environment.PERN_STATE;
  if (named !== undefined && named !== '') return resolve(named);
  if (!isRoot || foldersAbove(repository).every(isTraversable)) return join(repository, '.pern');
  const digest = createHash('sha256').update(repository).digest('hex').slice(0, 12);
  return `/var/tmp/pern-gitops-${digest}`;
}

/** The folder itself and all above it, the root last. */
function foldersAbove(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...foldersAbove(above)];
}

export function isTraversableByOthers(folder: string): boolean {
  try {
    return (statSync(folder).mode & 0o001) !== 0;
  } catch {
    return false;
  }
}

/** Creates the folder and marks it as state. Throws CliError when something else is in the way. */
export function claimStateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    if (!existsSync(join(folder, MARKER))) writeFileSync(join(folder, MARKER), MARKER_TEXT);
  } catch (error) {
    throw new CliError({
      what: 'cannot write to the state folder',
      where: folder,
      why: (error as Error).message,
      fix: 'name a folder of yours with --state DIR',
    });
  }
}

/** Removes a state folder with all data in it. Throws CliError for a folder that no engine has written. */
export function purgeStateFolder(folder: string): void {
  if (!existsSync(folder)) return;
  if (!STATE_FILES.some((file) => existsSync(join(folder, file)))) {
    throw new CliError({
      what: 'this folder is not removed, because it is not the state of an engine',
      where: folder,
      why: `it has none of the files ${STATE_FILES.join(', ')}`,
      fix: 'check --state and PERN_STATE; remove the folder yourself if you are sure',
    });
  }
  rmSync(folder, { recursive: true, force: true });
}

/** The engine that runs for this state, or undefined. A record whose process is gone (kill -9) counts as none. */
export function findEngine(folder: string): EngineRecord | undefined {
  const file = join(folder, 'engine.json');
  if (!existsSync(file)) return undefined;
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as EngineRecord;
    return isAlive(record.pid) ? record : undefined;
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function kubeconfigFile(folder: string): string {
  return join(folder, 'kubeconfig');
}

export function engineLogFile(folder: string): string {
  return join(folder, 'engine.log');
}
