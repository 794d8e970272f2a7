import { expect, it } from 'vitest';
import { compileGlob, compilePathMatch, compilePathspec } from './glob.ts';

it.each([
  ['a*', '/', 'ab/c', false],
  ['a**', '/', 'ab/c', true],
  ['a*', '', 'ab/c', true],
  ['{x,y}-?', '', 'y-1', true],
  ['[!a]b', '', 'cb', true],
  ['[!a]b', '', 'ab', false],
  ['[a-c]', '', 'b', true],
  ['a\\*', '', 'a*', true],
  ['a.b', '', 'axb', false],
  ['[', '', '[', false],
  ['{a', '', '{a', false],
])('glob %s with separator %j on %s is %s', (pattern, separator, text, expected) => {
  expect(compileGlob(pattern, separator)(text)).toBe(expected);
});

it.each([
  ['*', 'a/b', false],
  ['a/*', 'a/b', true],
  ['a/**', 'a/b/c', false],
  ['[^a]', 'b', true],
  ['{a,b}', 'a', false],
  ['[', '[', false],
])('path.Match %s on %s is %s', (pattern, text, expected) => {
  expect(compilePathMatch(pattern)(text)).toBe(expected);
});

it.each([
  ['some-path/*.yaml', 'some-path/staging/values.yaml', true],
  ['**/config.json', 'a/b/config.json', true],
  ['dir', 'dir/file', true],
  ['dir', 'dirt', false],
])('pathspec %s on %s is %s', (pattern, text, expected) => {
  expect(compilePathspec(pattern)(text)).toBe(expected);
});
