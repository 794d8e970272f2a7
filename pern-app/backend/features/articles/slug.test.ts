import { expect, test } from 'vitest';
import { computeSlug, slugSuffix } from './slug.ts';

test.each([
  ['How to train your dragon', 'how-to-train-your-dragon'],
  ['  Ünïcode & Größe!  ', 'unicode-große'],
  ['日本語の記事', '日本語の記事'],
  ['../../etc/passwd?x=1#y', 'etc-passwd-x-1-y'],
  ['<script>alert(1)</script>', 'script-alert-1-script'],
  ['!!!', 'article'],
  ['Feed', 'feed-article'],
])('%s becomes %s', (title, slug) => {
  expect(computeSlug(title, '')).toBe(slug);
});

test('long titles are cut between characters, and the suffix always stays', () => {
  const slug = computeSlug('𝒳'.repeat(300), 'abc');
  expect([...slug]).toHaveLength(204);
  expect(slug.endsWith('-abc')).toBe(true);
  expect(computeSlug('😀'.repeat(9), 'abc')).toBe('article-abc');
});

test('a suffix has always eight characters', () => {
  expect([slugSuffix(() => 0), slugSuffix(() => 0.999_999_999_999_9)]).toEqual(['00000000', 'zzzzzzzz']);
});
