import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planPromotion } from '../actions/promote.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { checkTag, findOverlay, overlays, parseImageTags, readImageTags, setImageTag } from './image-tags.ts';
import { commitDiff, commitFiles, findRepository, refuseUncommitted } from './repository.ts';

const root = join(import.meta.dirname, '..', '..');

/** A git repository with a copy of the real tree, and no configured author. */
function cloneTree(): string {
  const folder = temporaryFolder('pern-tree-');
  cpSync(join(root, 'pern-gitops'), join(folder, 'pern-gitops'), { recursive: true });
  git(folder, 'init', '--quiet', '--initial-branch', 'main');
  git(folder, 'add', '-A');
  git(folder, '-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '--quiet', '-m', 'initial');
  return folder;
}

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' });
}

describe('setImageTag on the real tree', () => {
  it('changes one line and leaves comments and format as they were', () => {
    const file = findOverlay(root, 'development');
    const before = readFileSync(join(root, file), 'utf8');
    const after = setImageTag(before, { file, component: 'backend', tag: '7.7.7' });
    const changed = after.split('\n').filter((line, index) => line !== before.split('\n')[index]);
    expect(changed).toEqual(['    newTag: 7.7.7']);
    expect(after.split('\n').length).toBe(before.split('\n').length);
  });

  it('knows the environments of the tree and the components of each', () => {
    expect([...overlays(root).keys()]).toEqual(['development', 'production', 'staging']);
    const tags = readImageTags(root, findOverlay(root, 'production'));
    expect(tags.map(({ component }) => component)).toEqual(['backend', 'frontend']);
    expect(() => findOverlay(root, 'qa')).toThrow('the tree has no environment "qa"');
  });
});

describe('setImageTag', () => {
  const file = 'kustomization.yaml';
  const text = 'images:\n  - name: r/web   # the site\n    newTag: "1.0.0" # now\n  - { name: api, digest: x }\n';

  it('quotes what YAML would read as a number', () => {
    expect(setImageTag(text, { file, component: 'web', tag: '1.10' })).toBe(text.replace('"1.0.0"', '"1.10"'));
    expect(setImageTag(text, { file, component: 'web', tag: '1.1.0' })).toBe(text.replace('"1.0.0"', '1.1.0'));
  });

  it('names the components there are', () => {
    expect(() => setImageTag(text, { file, component: 'wbe', tag: '1' })).toThrow(
      'there is no image of a component "wbe"',
    );
  });

  it('says where an image has no newTag', () => {
    try {
      setImageTag(text, { file, component: 'api', tag: '1' });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ trouble: { where: 'kustomization.yaml:4:5' } });
    }
  });

  it('says where YAML does not parse', () => {
    try {
      parseImageTags('images:\n  - name: [\n', file);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        trouble: { what: 'this file is not valid YAML', where: 'kustomization.yaml:3:1' },
      });
    }
  });

  it.each(['1.1.0', 'v2', '2026-01-01_rc.1'])('takes %s as a version', (tag) =>
    expect(() => checkTag(tag)).not.toThrow(),
  );
  it.each(['', '-1', 'a b', 'a/b', 'a:b', '1\n'])('refuses %j as a version', (tag) =>
    expect(() => checkTag(tag)).toThrow(),
  );
});

describe('commitFiles', () => {
  it('commits only the given file, whatever else is staged, and with an author where none is configured', () => {
    const folder = cloneTree();
    const file = findOverlay(folder, 'staging');
    writeFileSync(join(folder, 'other.txt'), 'staged by a person');
    git(folder, 'add', 'other.txt');
    const text = readFileSync(join(folder, file), 'utf8');
    writeFileSync(join(folder, file), setImageTag(text, { file, component: 'backend', tag: '2.0.0' }));
    const commit = commitFiles(folder, [file], 'Release backend 2.0.0 to staging');
    expect(commit.branch).toBe('main');
    expect(git(folder, 'show', '--name-only', '--format=%s', 'HEAD').trim().split('\n')).toEqual([
      'Release backend 2.0.0 to staging',
      '',
      file,
    ]);
    expect(git(folder, 'status', '--porcelain').trim()).toBe('A  other.txt');
    expect(commitDiff(folder, commit.hash)).toContain('+    newTag: 2.0.0');
  });

  it('is refused when the file has changes that are not committed', () => {
    const folder = cloneTree();
    const file = findOverlay(folder, 'staging');
    refuseUncommitted(folder, file);
    appendFileSync(join(folder, file), '# half an idea\n');
    expect(() => refuseUncommitted(folder, file)).toThrow('this file has changes that are not committed');
  });
});

describe('findRepository', () => {
  it('is the work tree around the current folder, when it has a tree to deploy', () => {
    const folder = cloneTree();
    expect(findRepository(undefined, join(folder, 'pern-gitops', 'apps'))).toBe(
      git(folder, 'rev-parse', '--show-toplevel').trim(),
    );
  });

  it('is refused when it is not a git repository', () => {
    const folder = temporaryFolder('pern-none-');
    expect(() => findRepository(folder, '/')).toThrow('this is not a git repository');
  });
});

describe('planPromotion', () => {
  const tags = (backend: string, frontend: string) =>
    parseImageTags(
      `images: [{name: r/backend, newTag: ${backend}}, {name: r/frontend, newTag: ${frontend}}]`,
      'k.yaml',
    );
  const brief = (...args: Parameters<typeof planPromotion>) =>
    planPromotion(...args).map(({ component, before, tag }) => `${component} ${before}>${tag}`);

  it('carries the tags that differ', () => {
    expect(brief(tags('v2', 'v3'), tags('v1', 'v3'), [])).toEqual(['backend v1>v2']);
    expect(brief(tags('v2', 'v3'), tags('v1', 'v1'), ['frontend'])).toEqual(['frontend v1>v3']);
    expect(brief(tags('v1', 'v1'), tags('v1', 'v1'), [])).toEqual([]);
  });

  it('refuses a component that is not there', () => {
    expect(() => planPromotion(tags('v1', 'v1'), tags('v1', 'v1'), ['databse'])).toThrow(
      'there is no component "databse"',
    );
  });
});
