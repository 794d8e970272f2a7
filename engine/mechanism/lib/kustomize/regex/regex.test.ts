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
