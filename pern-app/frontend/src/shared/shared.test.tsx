import { renderToStaticMarkup } from 'react-dom/server';
import { MemoryRouter } from 'react-router';
import { describe, expect, test } from 'vitest';
import { avatarSource } from './avatar.tsx';
import { formatDate } from './dates.ts';
import { ErrorMessages } from './error-messages.tsx';
import { isOwnPath, returnPath } from './navigation.ts';
import { Pagination, pageOf, pagesShown } from './pagination.tsx';
import { mayReload } from './recovery.ts';
import { browserStorage } from './storage.ts';

describe('pictures that people name', () => {
  test.each([
    null,
    '',
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'http://x.example/a.png',
    '/x.png',
    'https://',
  ])('%j is not followed', (image) => expect(avatarSource(image)).toBe('/default-avatar.svg'));

  test('an https address is, and cannot leave its attribute', () => {
    const image = 'https://example.com/img.jpg"onerror="alert(1)';
    expect(avatarSource(image)).toBe(image);
    expect(renderToStaticMarkup(<img alt="" src={avatarSource(image)} />)).toContain('&quot;onerror=&quot;');
  });
});

describe('where to go after signing in', () => {
  test.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '', 7, undefined])(
    '%j is not a path of our own',
    (path) => expect(isOwnPath(path)).toBe(false),
  );

  test('where the reader came from, then what the link says, then home', () => {
    expect(returnPath({ state: { from: '/editor' }, search: '?next=/settings' })).toBe('/editor');
    expect(returnPath({ state: null, search: '?next=%2Farticle%2Fa' })).toBe('/article/a');
    expect(returnPath({ state: { from: '//evil.example' }, search: '?next=https://evil.example' })).toBe('/');
  });
});

describe('pages of a list', () => {
  test.each([
    [1, 1, [1]],
    [1, 2, [1, 2]],
    [6, 20, [1, 0, 4, 5, 6, 7, 8, 0, 20]],
    [4, 7, [1, 2, 3, 4, 5, 6, 7]],
    [99, 3, [1, 2, 3]],
  ])('page %i of %i shows %j', (page, pages, expected) => {
    expect(pagesShown(page, pages).filter((shown) => shown <= pages)).toEqual(expected);
  });

  test.each([
    ['page=3', 3],
    ['', 1],
    ['page=0', 1],
    ['page=-1', 1],
    ['page=1e3', 1],
    ['page=99999999', 1],
  ])('%j is page %i', (query, page) => expect(pageOf(new URLSearchParams(query))).toBe(page));

  test('the current one is marked, for the eye and for screen readers', () => {
    const html = renderToStaticMarkup(
      <MemoryRouter>
        <Pagination page={2} pages={2} hrefOf={(page) => `/?page=${page}`} />
      </MemoryRouter>,
    );
    expect(html).toContain(
      '<li class="page-item active"><a class="page-link" aria-label="Page 2" aria-current="page" href="/?page=2"',
    );
  });
});

test('the region of errors is there before any error, so that the first one is announced', () => {
  expect(renderToStaticMarkup(<ErrorMessages messages={[]} />)).toBe('<div role="alert"></div>');
  expect(renderToStaticMarkup(<ErrorMessages messages={['<b>']} />)).toContain(
    '<ul class="error-messages"><li>&lt;b&gt;</li></ul>',
  );
});

test('dates that cannot be read are shown as they are', () => {
  expect(formatDate('2026-01-02T12:00:00.000Z')).toBe('January 2, 2026');
  expect(formatDate('soon')).toBe('soon');
});

test('a page that misses a part of itself is loaded again once, not for ever', () => {
  const storage = browserStorage(() => {
    throw new Error('denied');
  });
  expect([mayReload(storage, 1000), mayReload(storage, 2000), mayReload(storage, 62_000)]).toEqual([true, false, true]);
});

test('storage that is denied becomes memory', () => {
  const storage = browserStorage(() => {
    throw new Error('denied');
  });
  expect(storage.getItem('a')).toBeNull();
  storage.setItem('a', '1');
  expect(storage.getItem('a')).toBe('1');
  storage.removeItem('a');
  expect(storage.getItem('a')).toBeNull();
});
