import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileGlob, isGlob } from './glob.ts';

/** [pattern, separators, text, what gobwas 0.2.3 said: a match, no match, or null for a pattern it refuses]. */
type Recorded = [string, string, string, boolean | null];
const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata', 'gobwas.json'), 'utf8')) as Recorded[];

it('matches what gobwas matched (recorded from the Go library)', () => {
  const differing = recorded.filter(
    ([pattern, separators, text, expected]) =>
      isGlob(pattern) !== (expected !== null) || compileGlob(pattern, separators)(text) !== (expected ?? false),
  );
  expect(recorded.length).toBe(347);
  expect(differing).toEqual([]);
});

it('cd/R09 without separators a star crosses slashes, with one it stops there', () => {
  expect(compileGlob('arg/*')('arg/123')).toBe(true);
  expect(compileGlob('arg/*')('arg/1/2')).toBe(true);
  expect(compileGlob('arg/*', '/')('arg/1/2')).toBe(false);
  expect(compileGlob('arg/**', '/')('arg/1/2')).toBe(true);
});

it('wants a character where ? or a class asks for one, unlike gobwas, which takes the empty text', () => {
  expect(compileGlob('?')('')).toBe(false);
  expect(compileGlob('[!a]')('')).toBe(false);
});

it('does not slow down on patterns that make a backtracking matcher hang', () => {
  const matches = compileGlob(`${'*a{b,c*}*'.repeat(60)}x`);
  expect(matches('abac'.repeat(500))).toBe(false);
  expect(compileGlob(`${'{'.repeat(1000)}a`)('a')).toBe(false);
  expect(compileGlob('a'.repeat(100_000))('a')).toBe(false);
});

it('never throws, whatever the pattern', () => {
  const piece = fc.constantFrom('*', '**', '?', '[', ']', '!', '-', '{', '}', ',', '\\', 'a', 'b', '/', 'ä', '😀');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), fc.string({ maxLength: 8 }), (pieces, text) => {
      expect(typeof compileGlob(pieces.join(''), '/')(text)).toBe('boolean');
    }),
    { numRuns: 500 },
  );
});

it('a pattern of ordinary characters matches itself and nothing else', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z/.:-]{0,12}$/), fc.stringMatching(/^[a-z/.:-]{0,12}$/), (pattern, text) => {
      expect(compileGlob(pattern)(text)).toBe(pattern === text);
    }),
    { numRuns: 300 },
  );
});
