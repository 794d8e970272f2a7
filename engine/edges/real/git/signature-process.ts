import { type ChildProcess, execFile } from 'node:child_process';
import { SourceError } from '../../../stages/commit/failures.ts';

/**
 * Whatever a repository's or a user's configuration says, signatures are checked by the `gpg` on the path, with our
 * keyring. Programs of other signature formats are switched off: such a signature is as good as none.
 */
const SETTINGS = [
  'safe.directory=*',
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'gpg.program=gpg',
  'gpg.openpgp.program=gpg',
  'gpg.x509.program=false',
  'gpg.ssh.program=false',
  'i18n.logOutputEncoding=UTF-8',
].flatMap((setting) => ['-c', setting]);

export interface Printed {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** Runs `gpg` and `git` for signatures, with one key folder, and ends what still runs when it is closed. */
export class SignatureProcesses {
  readonly #running = new Set<ChildProcess>();

  /** Git's plain view of a repository: no replaced objects, no grafts, no configuration but the repository's. */
  git(folder: string, home: string, args: readonly string[]): Promise<Printed> {
    return this.#run('git', [...SETTINGS, '-C', folder, ...args], home);
  }

  gpg(home: string, args: readonly string[], input = ''): Promise<Printed> {
    return this.#run('gpg', ['--homedir', home, '--batch', '--no-tty', ...args], home, input);
  }

  close(): void {
    for (const child of this.#running) child.kill('SIGKILL');
  }

  #run(program: string, args: readonly string[], home: string, input = ''): Promise<Printed> {
    return new Promise((resolve, reject) => {
      const options = { env: environment(home), maxBuffer: 256 * 1024 * 1024 };
      const child = execFile(program, [...args], options, (error, stdout, stderr) => {
        this.#running.delete(child);
        const code = error === null ? 0 : (error.code as unknown);
        if (typeof code === 'number') resolve({ stdout, stderr, exitCode: code });
        else reject(code === 'ENOENT' ? notInstalled(program) : new Error(`${program}: ${error?.message}`));
      });
      this.#running.add(child);
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  }
}

function notInstalled(program: string): SourceError {
  return new SourceError({
    code: program === 'gpg' ? 'GpgNotFound' : 'GitNotFound',
    message:
      program === 'gpg'
        ? 'the project asks for verified signatures, and there is no gpg on this machine to verify them'
        : 'there is no git on this machine',
    fix: program === 'gpg' ? 'install GnuPG (apt-get install gnupg, brew install gnupg)' : 'install git',
  });
}

function environment(home: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'SystemRoot']) env[name] = process.env[name];
  return {
    ...env,
    GNUPGHOME: home,
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_GRAFT_FILE: '/dev/null',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
  };
}
