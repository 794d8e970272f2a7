import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, posix } from 'node:path';
import type { ContainerStart, SandboxState } from '#machine/pods.ts';
import { NEEDS_KNOWN_USER_LABEL } from '../images/built-in-images.ts';
import type { LocalImage } from '../images/image-store.ts';
import type { Isolation } from './isolation.ts';
import { RUN_VARIABLE } from './processes.ts';
import { giveTree, materialise, type Owner } from './volumes.ts';

/** Where things of one node lie. */
export interface NodeFolders {
  pods: string;
  claims: string;
  names: string;
  /** The folder with the pod shim. */
  shim: string;
  /** `bin/` with the node executable. */
  nodeBase: string;
}

/** A container start made concrete: what to spawn, as whom, where. Kept on disk for probes and hooks that exec. */
export interface Launch {
  /** Goes before every command that runs in this container; empty without bubblewrap. */
  prefix: readonly string[];
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Set when the engine can change users. */
  uid?: number;
  gid?: number;
  stopSignal: NodeJS.Signals;
  /** Host path of what the container sees at a path, for rewriting commands that come later (probes). */
  paths: readonly (readonly [seen: string, host: string])[];
}

/** The container cannot be started as asked; becomes its terminated state's message. */
export class LaunchError extends Error {
  override name = 'LaunchError';
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const NODE_HOME = '/opt/node';
const HOST_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64'];
const HOST_FILES = [
  '/etc/ssl',
  '/etc/ca-certificates',
  '/etc/pki',
  '/etc/resolv.conf',
  '/etc/nsswitch.conf',
  '/etc/localtime',
  '/etc/timezone',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/alternatives',
];

interface Context {
  start: ContainerStart;
  sandbox: Pick<SandboxState, 'ip' | 'namespace' | 'name'> & { hostname: string };
  image: LocalImage;
  folders: NodeFolders;
  isolation: Isolation;
  user: { uid: number; gid: number };
  /** `<pod>/containers/<name>`. */
  home: string;
}

/** Makes the container's files and works out what to spawn. Throws LaunchError. */
export function prepareLaunch(given: Omit<Context, 'user' | 'home'>): Launch {
  const home = join(given.folders.pods, given.start.podUid, 'containers', given.start.container);
  const context: Context = { ...given, home, user: userOf(given.start, given.image, given.isolation) };
  const root = makeRoot(context);
  const mounts = mountPaths(context);
  return context.isolation === 'bubblewrap'
    ? bubblewrapLaunch(context, root, mounts)
    : processLaunch(context, root, mounts);
}

/** `argv` as this container would run it: for exec probes and preStop hooks. */
export function execArgv(launch: Launch, command: readonly string[]): string[] {
  if (launch.prefix.length > 0) return [...launch.prefix, '--', ...command];
  return command.map((word) => toHost(launch.paths, word));
}

/** runAsUser, else the image's user, else root; numbers or `root`. */
function userOf(start: ContainerStart, image: LocalImage, isolation: Isolation): { uid: number; gid: number } {
  const [imageUser = '', imageGroup] = (image.config.User ?? '').split(':');
  const uid = start.runAsUser ?? numeric(imageUser, 'user');
  const gid =
    start.runAsGroup ??
    (imageGroup === undefined ? (start.runAsUser === undefined ? uid : 0) : numeric(imageGroup, 'group'));
  const mustBeKnown = isolation === 'process' && image.config.Labels?.[NEEDS_KNOWN_USER_LABEL] === 'true';
  return mustBeKnown && !isKnownUser(uid) ? { uid: 65534, gid: 65534 } : { uid, gid };
}

function numeric(name: string, what: string): number {
  if (name === '' || name === 'root') return 0;
  if (/^\d+$/.test(name)) return Number(name);
  throw new LaunchError(
    `the image's ${what} "${name}" is not a number; use a numeric USER, or set securityContext.runAsUser`,
  );
}

function isKnownUser(uid: number): boolean {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some((line) => line.split(':')[2] === String(uid));
}

function engineIsRoot(): boolean {
  return process.getuid?.() === 0;
}

function ownerOf({ user, start }: Context): Owner | undefined {
  return engineIsRoot() ? { uid: user.uid, gid: start.fsGroup ?? user.gid } : undefined;
}

/** A fresh writable root for this run, with a copy of the image in it unless the container may not write there anyway. */
function makeRoot({ home, start, image, isolation, sandbox, user }: Context): string {
  const root = join(home, 'root');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true, mode: 0o755 });
  if (isolation === 'bubblewrap') {
    if (!start.readOnlyRootFilesystem) cpSync(image.rootfs, root, { recursive: true, verbatimSymlinks: true });
    for (const folder of ['etc', 'tmp']) mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
    chmodSync(join(root, 'tmp'), 0o1777);
    rmSync(join(root, 'etc', 'hosts'), { force: true });
    symlinkSync(`/opt/names/${sandbox.namespace}.hosts`, join(root, 'etc', 'hosts'));
  }
  // bubblewrap makes the mount points in it as the container's user.
  if (engineIsRoot()) giveTree(root, user);
  return root;
}

function mountPaths(context: Context): { seen: string; host: string; readOnly: boolean }[] {
  const { start, folders } = context;
  const pod = join(folders.pods, start.podUid);
  const mounts = start.mounts.map((mount) => {
    const folder = materialise({ pod, claims: folders.claims }, mount, ownerOf(context));
    const host = mount.subPath === undefined ? folder : join(folder, mount.subPath);
    if (mount.subPath !== undefined && !existsSync(host)) mkdirSync(host, { recursive: true, mode: 0o777 });
    return { seen: posix.normalize(mount.mountPath).replace(/(.)\/$/, '$1'), host, readOnly: mount.readOnly };
  });
  // Outer paths first, so that a mount inside another one lies on top of it.
  return mounts.sort((left, right) => left.seen.length - right.seen.length);
}

/**
 * The process environment: the image's, then the pod's, then what the engine adds.
 * @param seen Turns a value into what it must be on this machine (paths of mounts); not applied to the engine's own.
 */
function environment(
  context: Context,
  paths: { path: string; shim: string; hosts: string },
  seen: (name: string, value: string) => string = (_name, value) => value,
): Record<string, string> {
  const { start, sandbox, image } = context;
  const env: Record<string, string> = { PATH: DEFAULT_PATH, HOSTNAME: sandbox.hostname, HOME: '/', POD_IP: sandbox.ip };
  for (const entry of image.config.Env ?? []) {
    const equals = entry.indexOf('=');
    env[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  for (const { name, value } of start.env) env[name] = value;
  for (const [name, value] of Object.entries(env)) env[name] = seen(name, value);
  // First: the machine may have a Node of its own, which is not the one that the image was made for.
  env.PATH = [paths.path, env.PATH].join(':');
  env.NODE_OPTIONS = [env.NODE_OPTIONS, `--require ${JSON.stringify(paths.shim)}`].filter(Boolean).join(' ');
  env.PERN_HOSTS = paths.hosts;
  env[RUN_VARIABLE] = `${start.podUid}/${start.container}/${start.attempt}`;
  return env;
}

function commandOf({ start, image }: Context): string[] {
  const entrypoint = start.command.length > 0 ? start.command : (image.config.Entrypoint ?? []);
  // A command of the pod replaces the image's entry point and its cmd.
  const cmd = start.args.length > 0 ? start.args : start.command.length > 0 ? [] : (image.config.Cmd ?? []);
  const command = [...entrypoint, ...cmd];
  if (command.length === 0)
    throw new LaunchError('no command specified: neither the image nor the container names one');
  return command;
}

function stopSignalOf(image: LocalImage): NodeJS.Signals {
  return (image.config.StopSignal as NodeJS.Signals | undefined) ?? 'SIGTERM';
}

function namesFile({ folders, sandbox }: Context): string {
  const file = join(folders.names, `${sandbox.namespace}.hosts`);
  if (!existsSync(file)) {
    mkdirSync(folders.names, { recursive: true, mode: 0o755 });
    writeFileSync(file, '127.0.0.1 localhost\n', { flag: 'a' });
  }
  return file;
}

function bubblewrapLaunch(context: Context, root: string, mounts: ReturnType<typeof mountPaths>): Launch {
  const { start, image, folders, user, home, sandbox } = context;
  namesFile(context);
  const identity = writeIdentity(home, user, sandbox.hostname);
  const prefix = [
    ...['bwrap', '--unshare-user', '--unshare-pid', '--unshare-uts', '--hostname', sandbox.hostname],
    ...['--uid', String(user.uid), '--gid', String(user.gid), '--die-with-parent', '--as-pid-1'],
    ...['--bind', root, '/'],
    ...hostView(image),
    ...(start.readOnlyRootFilesystem ? imageView(image) : []),
    ...['--ro-bind', dirname(folders.nodeBase), NODE_HOME, '--ro-bind', folders.shim, '/opt/pod'],
    ...['--ro-bind', identity.passwd, '/etc/passwd', '--ro-bind', identity.group, '/etc/group'],
    ...['--ro-bind', folders.names, '/opt/names', '--proc', '/proc', '--dev', '/dev'],
    ...mounts.flatMap(({ seen, host, readOnly }) => [readOnly ? '--ro-bind' : '--bind', host, seen]),
    ...(start.readOnlyRootFilesystem ? ['--remount-ro', '/'] : []),
  ];
  const env = environment(context, {
    path: `${NODE_HOME}/bin`,
    shim: '/opt/pod/pod-shim.cjs',
    hosts: `/opt/names/${sandbox.namespace}.hosts`,
  });
  const cwd = start.workingDir ?? (image.config.WorkingDir || '/');
  const ids = engineIsRoot() ? { uid: user.uid, gid: user.gid } : {};
  return {
    ...ids,
    prefix: [...prefix, '--chdir', cwd],
    argv: commandOf(context),
    env,
    cwd: '/',
    stopSignal: stopSignalOf(image),
    paths: [],
  };
}

/** The machine's own programs and libraries, unless the image brings a whole system. */
function hostView(image: LocalImage): string[] {
  const own = readdirSync(image.rootfs);
  const folders = own.includes('usr') || own.includes('lib') ? [] : HOST_FOLDERS;
  return [...folders, ...HOST_FILES].flatMap((path) => (existsSync(path) ? ['--ro-bind', path, path] : []));
}

/** The image's folders, read-only, at the depth where they do not hide folders of the machine or of mounts. */
function imageView(image: LocalImage): string[] {
  const shared = new Set(['opt', 'etc', 'var', 'run', 'tmp']);
  const view: string[] = [];
  for (const name of readdirSync(image.rootfs).sort()) {
    const children = shared.has(name)
      ? readdirSync(join(image.rootfs, name)).map((child) => join(name, child))
      : [name];
    for (const path of children) view.push('--ro-bind', join(image.rootfs, path), `/${path}`);
  }
  return view;
}

/** passwd and group files that know the container's user: some programs look their own user up. */
function writeIdentity(
  home: string,
  user: { uid: number; gid: number },
  hostname: string,
): { passwd: string; group: string } {
  const passwd = join(home, 'passwd');
  const group = join(home, 'group');
  const rows = user.uid === 0 ? [] : [`app:x:${user.uid}:${user.gid}:${hostname}:/:/sbin/nologin`];
  writeFileSync(
    passwd,
    `${['root:x:0:0:root:/root:/bin/sh', ...rows, 'nobody:x:65534:65534:nobody:/:/sbin/nologin'].join('\n')}\n`,
  );
  const groups = user.gid === 0 ? [] : [`app:x:${user.gid}:`];
  writeFileSync(group, `${['root:x:0:', ...groups, 'nogroup:x:65534:'].join('\n')}\n`);
  return { passwd, group };
}

function processLaunch(context: Context, root: string, mounts: ReturnType<typeof mountPaths>): Launch {
  const { start, image, folders, user } = context;
  const paths = mounts.map(({ seen, host }) => [seen, host] as const).reverse();
  const inImage = (path: string) => {
    const mapped = toHost(paths, path);
    if (mapped !== path || !path.startsWith('/')) return mapped;
    return existsSync(join(image.rootfs, path)) ? join(image.rootfs, path) : path;
  };
  const engine = {
    path: folders.nodeBase,
    shim: join(folders.shim, 'pod-shim.cjs'),
    hosts: namesFile(context),
  };
  const env = environment(context, engine, (name, value) =>
    /(^|_)PATH$/.test(name) ? value.split(':').map(inImage).join(':') : toHost(paths, value),
  );
  env.POD_ROOT = join(folders.pods, start.podUid, 'volumes');
  const cwd = workingFolder(context, root, inImage);
  const [program, ...args] = commandOf(context).map(inImage) as [string, ...string[]];
  return {
    ...(engineIsRoot() ? { uid: user.uid, gid: user.gid } : {}),
    prefix: [],
    argv: [findProgram(program, env.PATH ?? '', cwd), ...args],
    env,
    cwd,
    stopSignal: stopSignalOf(image),
    paths,
  };
}

function workingFolder(context: Context, root: string, inImage: (path: string) => string): string {
  const wanted = context.start.workingDir ?? (context.image.config.WorkingDir || '/');
  const mapped = inImage(wanted);
  if (existsSync(mapped)) return mapped;
  const made = join(root, wanted);
  mkdirSync(made, { recursive: true, mode: 0o777 });
  return made;
}

/** A path the container would see → the machine's path of it; other text stays as it is. */
function toHost(paths: Launch['paths'], text: string): string {
  for (const [seen, host] of paths) {
    if (text === seen) return host;
    if (text.startsWith(`${seen}/`)) return host + text.slice(seen.length);
  }
  return text;
}

function findProgram(program: string, path: string, cwd: string): string {
  if (program.includes('/')) {
    const file = program.startsWith('/') ? program : join(cwd, program);
    if (existsSync(file)) return file;
    throw new LaunchError(`exec: "${program}": stat ${program}: no such file or directory`);
  }
  for (const folder of path.split(delimiter)) {
    if (folder !== '' && existsSync(join(folder, program))) return join(folder, program);
  }
  throw new LaunchError(`exec: "${program}": executable file not found in $PATH`);
}
