import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileRegex, RegexSyntaxError } from './regex.ts';

it.each([
  ['^web$', 'web', true],
  ['^web$', 'webs', false],
  ['b+c', 'abbbc', true],
  ['^(?:a|bc)*$', 'abcbca', true],
  ['^a{2,3}$', 'aaaa', false],
  ['^a{2,}$', 'aaaa', true],
  ['^[^a-c\\d]$', 'd', true],
  ['^[[:alpha:]_]+$', 'ab_', true],
  ['^[]-]$', ']', true],
  ['(?i)^WEB', 'web', true],
  ['(?i:W)eb', 'wEb', false],
  ['(?m)^b$', 'a\nb', true],
  ['^a.b$', 'a\nb', false],
  ['(?s)^a.b$', 'a\nb', true],
  ['\\bapi\\b', 'my-api-1', true],
  ['^\\Qa.b\\E$', 'a.b', true],
  ['^\\x41\\101$', 'AA', true],
  ['^\\p{L}+$', 'né', true],
  ['^(?P<n>x)(?:y)?$', 'x', true],
  ['^a{,2}$', 'a{,2}', true],
  ['(a*)*b', 'aaab', true],
  ['^.$', '😀', true],
])('K-R1 %s on %j is %s', (pattern, text, expected) => {
  expect(compileRegex(pattern).test(text)).toBe(expected);
});

it.each([
  '(',
  ')',
  '[a',
  'a**',
  '*',
  '(?=a)',
  '(?<!a)b',
  '\\1',
  'a{1001}',
  '(a{1000}){1000}',
  '[z-a]',
  '\\',
  '[[:x:]]',
])('K-R2 %s is refused', (pattern) => {
  expect(() => compileRegex(pattern)).toThrow(RegexSyntaxError);
});

it('K-R3 a hostile pattern takes time in proportion to pattern and text', () => {
  const text = `${'a'.repeat(5000)}!`;
  for (const pattern of ['^(a+)+$', '^(a|aa)+$', '^(a*)*b$', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$'])
    expect(compileRegex(pattern).test(text)).toBe(false);
});

it('K-R4 the same verdict as JavaScript on patterns that mean the same in both', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    'ab',
    '[ab]',
    '[^a]',
    'a*',
    'b+',
    '(a|b)',
    '(ab)?',
    'a{1,2}',
    '.',
    '^',
    '$',
    '|',
  );
  const patterns = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 }).map((chars) => chars.join(''));
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      expect(compileRegex(pattern).test(text)).toBe(new RegExp(pattern).test(text));
    }),
    { seed: 3, numRuns: 2000 },
  );
});

it('K-R5 anchored patterns match the whole text, with dotAll across lines', () => {
  const regex = compileRegex('a|b.c', { anchored: true, dotAll: true });
  expect(['a', 'ab', 'b\nc', 'xb c'].map((text) => regex.test(text))).toEqual([true, false, true, false]);
});

it.each([
  ['(a+)(b+)?', 'xaab', ['aab', 'aa', 'b']],
  ['(a|ab)(c|bcd)(d*)', 'abcd', ['abcd', 'a', 'bcd', '']],
  ['(a+?)(a*)', 'aaa', ['aaa', 'a', 'aa']],
  ['(?U)(a+)(a*?)', 'aaa', ['aaa', 'a', 'aa']],
  ['(?:(a)|b)*', 'ab', ['ab', 'a']],
  ['(?P<x>é)(.)', 'zé😀', ['é😀', 'é', '😀']],
])('K-R6 %s in %j has the groups Go finds', (pattern, text, groups) => {
  expect(compileRegex(pattern).match(text)?.groups).toEqual(groups);
});

it('K-R7 named groups, and no match', () => {
  expect(compileRegex('(?P<n>b)').match('abc')?.named).toEqual({ n: 'b' });
  expect(compileRegex('^b').match('abc')).toBeUndefined();
  expect(() => compileRegex('(?P<n>a)(?P<n>b)')).toThrow('named twice');
});

it('K-R8 groups of JavaScript on patterns that mean the same in both', () => {
  const piece = fc.constantFrom('a', 'b', '(a)', '(b|a)', '(a*)', '(ab)?', '(b+?)', '.', 'a{1,2}');
  const patterns = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 }).map((chars) => chars.join(''));
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      const expected = new RegExp(pattern).exec(text);
      expect(compileRegex(pattern).match(text)?.groups).toEqual(expected === null ? undefined : [...expected]);
    }),
    { seed: 5, numRuns: 2000 },
  );
});
