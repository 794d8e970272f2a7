import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redacted } from './redaction.ts';
import type { RepositoryAccess } from './repository-access.ts';

/** Argo CD's ARGOCD_EXEC_TIMEOUT. */
const EXEC_MS_MAX = 90_000;
/** Refs of a very large repository fit; an endless answer does not. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Answers git's questions for user and password from the environment, which only this user's processes can read. */
const ASKPASS =
  '#!/bin/sh\ncase "$1" in\nUsername*) printf "%s\\n" "$PERN_GIT_USERNAME" ;;\n*) printf "%s\\n" "$PERN_GIT_PASSWORD" ;;\nesac\n';

/**
 * Runs git commands that talk to a remote. Credentials are never arguments and never on disk, but for an SSH key, which is
 * a file of its own for as long as the command runs. Rejects with git's words, without credentials.
 * @param args May hold the URL without credentials only.
 */
export async function runRemoteGit(folder: string, args: readonly string[], access: RepositoryAccess): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), 'pern-git-'));
  try {
    const env = { ...baseEnvironment(), ...credentials(scratch, access) };
    return await run(['-C', folder, ...args], env);
  } catch (error) {
    const secrets = [access.password, access.bearerToken, access.sshPrivateKey].filter((value) => value !== undefined);
    throw new Error(redacted((error as Error).message, secrets));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A new bare repository. */
export async function initMirror(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await run(['init', '--quiet', '--bare', folder], baseEnvironment());
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const safe = [
    '-c',
    'safe.directory=*',
    '-c',
    'core.hooksPath=/dev/null',
    '-c',
    'gc.auto=0',
    '-c',
    'maintenance.auto=false',
  ];
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      [...safe, ...args],
      { env, timeout: EXEC_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX, encoding: 'utf8' },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (error.killed === true) reject(new Error(`git took longer than ${EXEC_MS_MAX / 1000} s`));
        else reject(new Error(firstComplaint(stderr) ?? error.message));
      },
    );
  });
}

/** The line that says most: git prints hints and progress around it. */
function firstComplaint(stderr: string): string | undefined {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^(fatal|error|remote):/.test(line)) ?? lines[0];
}

function baseEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of Object.keys(env)) if (name.startsWith('GIT_') || name.startsWith('SSH_ASKPASS')) delete env[name];
  return {
    ...env,
    GIT_TERMINAL_PROMPT: '0',
    // A commit decides about URLs of submodules: no protocol that runs commands.
    GIT_ALLOW_PROTOCOL: 'file:http:https:ssh',
    LC_ALL: 'C',
  };
}

function credentials(scratch: string, access: RepositoryAccess): NodeJS.ProcessEnv {
  const config: [string, string][] = [];
  const env: NodeJS.ProcessEnv = {};
  if (access.username !== undefined || access.password !== undefined) {
    const script = join(scratch, 'askpass');
    writeFileSync(script, ASKPASS, { mode: 0o700 });
    env.GIT_ASKPASS = script;
    env.PERN_GIT_USERNAME = access.username ?? 'git';
    env.PERN_GIT_PASSWORD = access.password ?? '';
    config.push(['credential.helper', '']);
  }
  if (access.bearerToken !== undefined)
    config.push(['http.extraHeader', `Authorization: Bearer ${access.bearerToken}`]);
  if (access.insecure) config.push(['http.sslVerify', 'false']);
  env.GIT_SSH_COMMAND = sshCommand(scratch, access);
  env.GIT_CONFIG_COUNT = String(config.length);
  for (const [index, [key, value]] of config.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return env;
}

function sshCommand(scratch: string, { sshPrivateKey, insecure, knownHosts }: RepositoryAccess): string {
  const options = ['-o BatchMode=yes', '-o ConnectTimeout=15'];
  if (sshPrivateKey !== undefined) {
    const key = join(scratch, 'key');
    writeFileSync(key, sshPrivateKey.endsWith('\n') ? sshPrivateKey : `${sshPrivateKey}\n`, { mode: 0o600 });
    options.push(`-i '${key}'`, '-o IdentitiesOnly=yes');
  }
  if (insecure) options.push('-o StrictHostKeyChecking=no', '-o UserKnownHostsFile=/dev/null');
  else {
    options.push('-o StrictHostKeyChecking=yes');
    if (knownHosts !== undefined) {
      const file = join(scratch, 'known_hosts');
      writeFileSync(file, knownHosts, { mode: 0o600 });
      options.push(`-o 'UserKnownHostsFile=${file}'`);
    }
  }
  return `ssh ${options.join(' ')}`;
}
