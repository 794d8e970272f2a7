import { describe, expect, it } from 'vitest';
import { failureOf, formatFailure } from './failures.ts';
import { checkLinks, type Snapshot, snapshotFileSystem, snapshotOf, type TreeEntry } from './snapshot.ts';
import { changedFiles, isTouched } from './tree-changes.ts';

const MEGABYTE = 1024 * 1024;

function commit(
  files: Record<string, string>,
  links: Record<string, string> = {},
  sizes: Record<string, number> = {},
): Snapshot {
  const entries = new Map<string, TreeEntry>();
  for (const path of [...Object.keys(files), ...Object.keys(links)]) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      entries.set(parts.slice(0, depth).join('/'), { type: 'directory', oid: 'd', sizeBytes: 0 });
    }
    const type = path in links ? 'symlink' : 'file';
    entries.set(path, { type, oid: `${files[path] ?? links[path]}`, sizeBytes: sizes[path] ?? 1 });
  }
  return snapshotOf(entries, new Map(Object.entries(links)));
}

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return formatFailure(failureOf(error));
  }
  return 'nothing was refused';
};

describe('a commit that must not be followed', () => {
  it.each([
    ['../outside', 'up and out'],
    ['/etc/passwd', 'an absolute path'],
    ['a/../../../etc', 'out on the way'],
  ])('has a link to %s (%s): refused whole, with the file', (target) => {
    expect(refusal(() => checkLinks(commit({ 'a/x': '1' }, { link: target })))).toMatch(
      /^link: repository contains out-of-bounds symlinks\. file: link/,
    );
  });

  it('has a file of 200 MB: refused by its size, without reading it', () => {
    const files = snapshotFileSystem(
      commit({ 'deploy/big.yaml': 'x' }, {}, { 'deploy/big.yaml': 200 * MEGABYTE }),
      () => 'x',
      {
        onMissing: () => {
          throw new Error('it was asked for');
        },
      },
    );
    expect(refusal(() => files.readFile('deploy/big.yaml'))).toMatch(
      /^deploy\/big\.yaml: deploy\/big\.yaml has 209715200 bytes/,
    );
  });

  it('has links in a circle: there is no such file, and an end', () => {
    const files = snapshotFileSystem(commit({}, { a: 'b', b: 'a' }), () => 'x', { onMissing: () => {} });
    expect(files.readFile('a')).toBeUndefined();
  });
});

describe('what a move changes', () => {
  const before = commit({ 'a/x': '1', 'a/y': '1', 'b/z': '1' });

  it('is every file that is new, gone or otherwise', () => {
    expect(changedFiles(before, commit({ 'a/x': '2', 'b/z': '1', 'c/new': '1' }))).toEqual(['a/x', 'a/y', 'c/new']);
    expect(changedFiles(before, before)).toEqual([]);
  });

  it('touches a path when a file of it is among them; what is not known counts as touched', () => {
    expect(isTouched(['a'], ['a/x'])).toBe(true);
    expect(isTouched(['b'], ['a/x'])).toBe(false);
    expect(isTouched(['b'], [])).toBe(false);
    expect(isTouched(['b'], undefined)).toBe(true);
    expect(isTouched([], ['a/x'])).toBe(true);
  });
});
