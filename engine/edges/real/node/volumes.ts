import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mount, VolumeFile, VolumeSource } from '#machine/pods.ts';

/** The user and group that a container's files should belong to; undefined when the engine may not give files away. */
export interface Owner {
  uid: number;
  gid: number;
}

/**
 * The folder that shows a volume, made on first use: files as a `..data` link to a versioned folder (so that an update
 * is one rename), an emptyDir as a folder anybody may write to, a claim as a folder outside the pod that stays.
 */
export function materialise(folders: { pod: string; claims: string }, mount: Mount, owner: Owner | undefined): string {
  const { source } = mount;
  if (source.type === 'claim') return claimFolder(folders.claims, source, owner);
  const folder = join(folders.pod, 'volumes', mount.volume);
  const isNew = !existsSync(folder);
  if (isNew) mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (isNew && source.type === 'emptyDir') {
    chmodSync(folder, 0o777);
    if (owner !== undefined) chownSync(folder, 0, owner.gid);
  }
  if (isNew && source.type === 'files') writeFiles(folder, source.files, owner);
  return folder;
}

function claimFolder(
  claims: string,
  source: Extract<VolumeSource, { type: 'claim' }>,
  owner: Owner | undefined,
): string {
  const folder = join(claims, source.namespace, source.claimName, source.uid);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // As fsGroupChangePolicy OnRootMismatch: the tree is walked only when its root belongs to somebody else.
  if (owner !== undefined && statSync(folder).uid !== owner.uid) giveTree(folder, owner);
  return folder;
}

/** Gives a folder and everything in it to an owner; links themselves, not what they point to. */
export function giveTree(path: string, owner: Owner): void {
  lchownSync(path, owner.uid, owner.gid);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) giveTree(child, owner);
    else lchownSync(child, owner.uid, owner.gid);
  }
}

/** Puts a new file tree in place of the old one: readers see all of the one or all of the other. */
export function writeFiles(
  folder: string,
  files: Readonly<Record<string, VolumeFile>>,
  owner: Owner | undefined,
): void {
  const before = existsSync(join(folder, '..data')) ? readlinkSync(join(folder, '..data')) : undefined;
  const version = before === '..1' ? '..2' : '..1';
  rmSync(join(folder, version), { recursive: true, force: true });
  mkdirSync(join(folder, version), { mode: 0o755 });
  for (const [path, file] of Object.entries(files)) {
    const target = join(folder, version, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    writeFileSync(target, Buffer.from(file.base64, 'base64'));
    if (owner !== undefined) chownSync(target, 0, owner.gid);
    chmodSync(target, file.mode);
  }
  symlinkSync(version, join(folder, '..data.new'));
  renameSync(join(folder, '..data.new'), join(folder, '..data'));
  linkTopLevel(folder, Object.keys(files));
  if (before !== undefined) rmSync(join(folder, before), { recursive: true, force: true });
}

function linkTopLevel(folder: string, paths: readonly string[]): void {
  const names = new Set(paths.map((path) => path.split('/')[0] as string));
  for (const name of names) {
    const link = join(folder, name);
    rmSync(link, { force: true });
    symlinkSync(join('..data', name), link);
  }
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('..') && !names.has(name)) rmSync(join(folder, name), { force: true });
  }
}
