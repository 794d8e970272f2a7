import { spawnSync } from 'node:child_process';

/** How containers are kept apart: a bubblewrap sandbox each, or plain processes. */
export type Isolation = 'bubblewrap' | 'process';

/** What a SandboxState says about how faithfully its pod runs. */
export function describeIsolation(isolation: Isolation): string {
  if (isolation === 'bubblewrap') {
    return "bubblewrap: own file system, process and user namespaces; the network is the machine's";
  }
  const user = process.getuid?.() === 0 ? 'own user' : "the engine's user";
  return `process: no isolation, ${user}; volumes are reached by rewritten paths (POD_ROOT); readOnlyRootFilesystem and capabilities are not enforced`;
}

/**
 * Tries bubblewrap with the options that containers use, as an ordinary user where possible, and falls back to plain
 * processes when the machine does not allow it.
 */
export function probeIsolation(): Isolation {
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const options = [
    '--unshare-user',
    '--unshare-pid',
    '--uid',
    '10001',
    '--gid',
    '10001',
    '--die-with-parent',
    '--as-pid-1',
  ];
  const view = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'];
  const probe = spawnSync('bwrap', [...options, ...view, '--', 'true'], {
    ...user,
    stdio: 'ignore',
    timeout: 5000,
    cwd: '/',
  });
  return probe.status === 0 ? 'bubblewrap' : 'process';
}
