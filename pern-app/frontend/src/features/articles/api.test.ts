import { expect, test } from 'vitest';
import type { ApiClient } from '../../shared/http.ts';
import { readComments, removeComment, writeComment } from '../comments/api.ts';
import { follow, readProfile } from '../profiles/api.ts';
import { favorite, readArticle, readArticles, readTags, removeArticle, saveArticle } from './api.ts';
import { withTag } from './article-form.tsx';

const { signal } = new AbortController();
const INPUT = { title: 't', description: 'd', body: 'b', tagList: ['x'] };

test('the routes of the contract are asked, with every name encoded', async () => {
  const asked: string[] = [];
  const answer = { articles: [], articlesCount: 0, article: INPUT, comment: {}, comments: [], profile: {}, tags: [] };
  const api: ApiClient = {
    async request(method, path, options) {
      asked.push(`${method} ${path} ${options?.body === undefined ? '' : JSON.stringify(options.body)}`.trim());
      return method === 'DELETE' && !/favorite|follow/.test(path) ? undefined : answer;
    },
  };
  await readArticles(api, { kind: 'global' }, 1, signal);
  await readArticles(api, { kind: 'following' }, 2, signal);
  await readArticles(api, { kind: 'tag', value: 'c & c++' }, 3, signal);
  await readArticles(api, { kind: 'author', value: 'ann' }, 1, signal);
  await readArticles(api, { kind: 'favorited', value: 'ann' }, 1, signal);
  await readArticle(api, 'a/../b', signal);
  await saveArticle(api, INPUT, undefined);
  await saveArticle(api, INPUT, 'a');
  await removeArticle(api, 'a');
  await favorite(api, 'a', true);
  await favorite(api, 'a', false);
  await readTags(api, signal);
  await readComments(api, 'a', signal);
  await writeComment(api, 'a', 'hello');
  await removeComment(api, 'a', 7);
  await readProfile(api, 'a b', signal);
  await follow(api, 'ann', true);
  await follow(api, 'ann', false);
  const article = '{"article":{"title":"t","description":"d","body":"b","tagList":["x"]}}';
  expect(asked).toEqual([
    'GET /articles?limit=10&offset=0',
    'GET /articles/feed?limit=10&offset=10',
    'GET /articles?limit=10&offset=20&tag=c+%26+c%2B%2B',
    'GET /articles?limit=10&offset=0&author=ann',
    'GET /articles?limit=10&offset=0&favorited=ann',
    'GET /articles/a%2F..%2Fb',
    `POST /articles ${article}`,
    `PUT /articles/a ${article}`,
    'DELETE /articles/a',
    'POST /articles/a/favorite',
    'DELETE /articles/a/favorite',
    'GET /tags',
    'GET /articles/a/comments',
    'POST /articles/a/comments {"comment":{"body":"hello"}}',
    'DELETE /articles/a/comments/7',
    'GET /profiles/a%20b',
    'POST /profiles/ann/follow',
    'DELETE /profiles/ann/follow',
  ]);
});

test('tags are trimmed, kept in order, and never twice', () => {
  expect(withTag(['a'], ' b ')).toEqual(['a', 'b']);
  expect(withTag(['a', 'b'], 'a')).toEqual(['a', 'b']);
  expect(withTag(['a'], '  ')).toEqual(['a']);
});
