import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainText } from './lines.ts';
import { unifiedDiff } from './unified-diff.ts';

const diff = (from: readonly string[], to: readonly string[]) => plainText(unifiedDiff(from.join('\n'), to.join('\n')));

describe('unifiedDiff', () => {
  it('is empty for equal texts', () => {
    expect(diff(['a', 'b'], ['a', 'b'])).toBe('');
  });

  it('shows changes with three lines around them, near ones together', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const changed = lines.map((line, index) => (index === 5 || index === 15 ? `${line} new` : line));
    expect(diff(lines, changed)).toBe(
      [
        '@@ -3,7 +3,7 @@',
        ' line 2\n line 3\n line 4\n-line 5\n+line 5 new\n line 6\n line 7\n line 8',
        '@@ -13,7 +13,7 @@',
        ' line 12\n line 13\n line 14\n-line 15\n+line 15 new\n line 16\n line 17\n line 18\n',
      ].join('\n'),
    );
  });

  it('counts as diff -u does when one side is empty', () => {
    expect(diff([], ['a', 'b'])).toBe('@@ -0,0 +1,2 @@\n+a\n+b\n');
    expect(diff(['a'], [])).toBe('@@ -1 +0,0 @@\n-a\n');
  });

  it('turns one text into the other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (from, to) => {
        const lines = unifiedDiff(from.join('\n'), to.join('\n')).map((line) => line.map((part) => part.text).join(''));
        const side = (unless: string) => lines.filter((line) => !line.startsWith(unless) && !line.startsWith('@'));
        const kept = (list: readonly string[]) => list.map((line) => line.slice(1));
        // With so few lines every hunk holds the whole text from its first to its last change.
        expect(from.join('').includes(kept(side('+')).join(''))).toBe(true);
        expect(to.join('').includes(kept(side('-')).join(''))).toBe(true);
        expect(from.length - lines.filter((line) => line.startsWith('-')).length).toBe(
          to.length - lines.filter((line) => line.startsWith('+')).length,
        );
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 300) },
    );
  });
});
