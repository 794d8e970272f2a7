import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claimStateFolder, decideStateFolder, findEngine, purgeStateFolder } from './state-folder.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const base = {
  repository: '/home/a/repo',
  option: undefined,
  environment: {},
  isRoot: false,
  isTraversable: () => true,
};

describe('decideStateFolder', () => {
  it('is .pern in the repository', () => {
    expect(decideStateFolder(base)).toBe('/home/a/repo/.pern');
    expect(decideStateFolder({ ...base, isRoot: true })).toBe('/home/a/repo/.pern');
  });

  it('is what --state says, then $PERN_STATE', () => {
    const environment = { PERN_STATE: '/from/environment' };
    expect(decideStateFolder({ ...base, environment, option: '/from/option' })).toBe('/from/option');
    expect(decideStateFolder({ ...base, environment })).toBe('/from/environment');
  });

  it('is under /var/tmp when the engine is root and other users cannot reach the repository', () => {
    const isTraversable = (folder: string) => folder !== '/home/a';
    expect(decideStateFolder({ ...base, isRoot: true, isTraversable })).toBe('/var/tmp/pern-gitops-5f49a969e841');
    expect(decideStateFolder({ ...base, isTraversable })).toBe('/home/a/repo/.pern');
  });
});

describe('purgeStateFolder', () => {
  it('removes what claimStateFolder made', () => {
    const folder = join(temporaryFolder('pern-state-'), 'state');
    claimStateFolder(folder);
    purgeStateFolder(folder);
    expect(existsSync(folder)).toBe(false);
  });

  it('refuses a folder that is not the state of an engine', () => {
    const folder = temporaryFolder('pern-state-');
    writeFileSync(join(folder, 'thesis.txt'), 'years of work');
    expect(() => purgeStateFolder(folder)).toThrow(
      'this folder is not removed, because it is not the state of an engine',
    );
    expect(existsSync(join(folder, 'thesis.txt'))).toBe(true);
  });
});

describe('findEngine', () => {
  const record = (pid: number) => ({ pid, apiPort: 1, ingressPort: 2, repository: '/r', startedAt: '', version: '0' });

  it('takes a record whose process lives, and no other', () => {
    const folder = temporaryFolder('pern-state-');
    expect(findEngine(folder)).toBeUndefined();
    writeFileSync(join(folder, 'engine.json'), JSON.stringify(record(process.pid)));
    expect(findEngine(folder)).toEqual(record(process.pid));
    writeFileSync(join(folder, 'engine.json'), JSON.stringify(record(2 ** 22 + 1)));
    expect(findEngine(folder)).toBeUndefined();
    writeFileSync(join(folder, 'engine.json'), '{"pid":');
    expect(findEngine(folder)).toBeUndefined();
  });
});
