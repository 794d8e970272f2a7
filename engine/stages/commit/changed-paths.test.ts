import { expect, it } from 'vitest';
import { filesHaveChanged, MANIFEST_GENERATE_PATHS, refreshPaths } from './changed-paths.ts';

it.each([
  ['.', 'apps/web', ['apps/web']],
  ['../base;/shared', 'apps/web', ['apps/base', 'shared']],
  [' . ; ;/libs/*.yaml', 'apps/web', ['apps/web', 'libs/*.yaml']],
  ['../../..', 'apps/web', ['..']],
  ['', 'apps/web', []],
])('manifest-generate-paths %j of a source at %s', (annotation, path, expected) => {
  expect(refreshPaths({ [MANIFEST_GENERATE_PATHS]: annotation }, path)).toEqual(expected);
});

it.each([
  [['apps/web'], ['apps/web/a.yaml'], true],
  [['apps/web'], ['apps/web-two/a.yaml'], false],
  [['apps/web/a.yaml'], ['apps/web/a.yaml'], true],
  [['libs/*.yaml'], ['libs/a.yaml'], true],
  [['libs/*.yaml'], ['libs/deep/a.yaml'], false],
  [['.'], ['anything'], true],
  [['..'], ['anything'], true],
  [[''], ['anything'], true],
  [[], ['anything'], true],
  [['apps/web'], [], true],
])('changed paths: %j against %j is %s', (paths, files, expected) => {
  expect(filesHaveChanged(paths, files)).toBe(expected);
});
