#!/usr/bin/env node
// Runs on any Node >= 18 of a bare machine: installs what is missing, then hands over to Node 24.
//   node scripts/bootstrap.mjs pern <command...>     the pern command
//   node scripts/bootstrap.mjs task <name> [...]     a task of scripts/tasks.ts
// Plain JavaScript and no packages, because nothing is installed when it starts.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR_MIN = 24;
const marker = join(root, 'node_modules', '.pern-installed');

const say = (text) => process.stderr.write(`${text}\n`);
const fail = (text) => {
  say(text);
  process.exit(2);
};

function onPath(name) {
  // Some distributions keep servers in sbin, which is not on everybody's PATH.
  for (const folder of [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/opt/homebrew/bin',
  ]) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {}
  }
  return undefined;
}

function installPackages() {
  const lock = join(root, 'package-lock.json');
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  say('Installing npm packages (once; about half a minute) ...');
  // The locked versions, without writing to the lockfile. Not `npm ci`: that refuses a lockfile in which a registry's
  // mirror could not resolve the optional binaries of other platforms.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const options = { cwd: root, encoding: 'utf8' };
  const run = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (run.status !== 0) {
    const said = `${run.stderr ?? ''}${run.error?.message ?? ''}`.trim().split('\n').slice(0, 12).join('\n');
    fail(`npm install failed:\n${said}\nCheck the network and the npm registry, then run the same command again.`);
  }
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(marker, wanted);
}

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return process.execPath;
  const packaged = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(packaged)) return packaged;
  // npm can be told not to run install scripts; the package's only script links its own binary.
  spawnSync('npm', ['rebuild', 'node', '--ignore-scripts=false'], { cwd: root, stdio: 'ignore' });
  if (existsSync(packaged)) return packaged;
  return fail(
    `Node ${NODE_MAJOR_MIN} is needed and this is ${process.version}; the npm package "node" could not provide it here. Install Node ${NODE_MAJOR_MIN} or newer and run the same command again.`,
  );
}

/** How this machine's package manager installs a package, or undefined when it may not. */
function packageManager() {
  const managers = [
    ['apt-get', ['install', '-y', '--no-install-recommends'], ['update']],
    ['dnf', ['install', '-y'], undefined],
    ['apk', ['add'], undefined],
    ['pacman', ['-S', '--noconfirm'], undefined],
  ];
  const found = managers.find(([name]) => onPath(name));
  if (process.platform === 'darwin' && onPath('brew')) return { command: ['brew', 'install'] };
  if (found === undefined) return undefined;
  const [name, install, update] = found;
  const isRoot = process.getuid?.() === 0;
  const maySudo = !isRoot && onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!isRoot && !maySudo) return { hint: `sudo ${name} ${install.join(' ')}` };
  const prefix = isRoot ? [] : ['sudo', '-n'];
  return { command: [...prefix, name, ...install], update: update && [...prefix, name, ...update] };
}

function installTool(binary, packages, need) {
  if (onPath(binary)) return true;
  const manager = packageManager();
  const name = (manager?.command ?? []).join(' ').match(/dnf|apk|pacman|brew/) ? packages.other : packages.debian;
  if (manager?.command) {
    say(`Installing ${name} (${need}) ...`);
    const [program, ...args] = manager.command;
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const install = () => spawnSync(program, [...args, name], { stdio: 'ignore', env: environment });
    let result = install();
    if (result.status !== 0 && manager.update) {
      spawnSync(manager.update[0], manager.update.slice(1), { stdio: 'ignore', env: environment });
      result = install();
    }
    if (onPath(binary)) return true;
  }
  say(
    `${binary} is missing (${need}). Install it with: ${manager?.hint ?? manager?.command?.join(' ') ?? 'your package manager,'} ${name}`,
  );
  return false;
}

function installTools(required) {
  if (!onPath('git')) fail('git is missing. Install it with your package manager and run the same command again.');
  const redis = installTool('redis-server', { debian: 'redis-server', other: 'redis' }, 'the redis pods run it');
  const gpg = installTool('gpg', { debian: 'gnupg', other: 'gnupg' }, 'signatures are made and verified with it');
  if (process.platform === 'linux') {
    installTool(
      'bwrap',
      { debian: 'bubblewrap', other: 'bubblewrap' },
      'optional: isolates pods from each other and from your files',
    );
  }
  if (!(redis && gpg) && required) process.exit(2);
}

const [area, ...rest] = process.argv.slice(2);
const NEEDS_TOOLS = { pern: ['up', 'demo'], task: ['test', 'bench'] };
if (!(area in NEEDS_TOOLS)) fail('usage: node scripts/bootstrap.mjs pern|task ...');
installPackages();
const node = findNode();
if (NEEDS_TOOLS[area].includes(rest[0] ?? '')) installTools(true);

const entry = area === 'pern' ? join(root, 'cli', 'main.ts') : join(root, 'scripts', 'tasks.ts');
const path = [dirname(node), process.env.PATH].join(delimiter);
if (area === 'pern' && node === process.execPath) await runHere();
else runChild();

/** This is Node 24 already: a second process would only cost its start. */
async function runHere() {
  process.env.PATH = path;
  process.argv.splice(1, process.argv.length - 1, entry, ...rest);
  // What --disable-warning=ExperimentalWarning does for a child.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') say(`(node) ${warning.name}: ${warning.message}`);
  });
  await import(pathToFileURL(entry).href);
}

function runChild() {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', entry, ...rest], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  // Ctrl-C reaches the child by itself (same terminal); this process only waits for it and keeps its exit code.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
