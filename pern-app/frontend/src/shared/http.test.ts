import { expect, test } from 'vitest';
import { createApiClient, type Fetch, fieldOf, messagesOf, RequestError } from './http.ts';

const answering =
  (status: number, body: string | null): Fetch =>
  async () =>
    new Response(body, { status });
const ask = (fetch: Fetch) => createApiClient(fetch, () => null).request('GET', '/x');
const failureOf = (fetch: Fetch) =>
  ask(fetch).then(
    () => undefined,
    (error: unknown) => error as RequestError,
  );

test('gives the JSON of a good answer and undefined for an empty one', async () => {
  expect(await ask(answering(200, '{"a":1}'))).toEqual({ a: 1 });
  expect(await ask(answering(204, null))).toBeUndefined();
});

test('the token goes along as the contract says, and only when there is one', async () => {
  const seen: unknown[] = [];
  const fetch: Fetch = async (url, init) => {
    seen.push([url, init?.method, init?.body, init?.headers]);
    return Response.json({});
  };
  await createApiClient(fetch, () => 'a.b.c').request('PUT', '/user', { body: { user: {} } });
  await createApiClient(fetch, () => null).request('GET', '/tags');
  expect(seen).toEqual([
    [
      '/api/user',
      'PUT',
      '{"user":{}}',
      { Accept: 'application/json', 'Content-Type': 'application/json', Authorization: 'Token a.b.c' },
    ],
    ['/api/tags', 'GET', undefined, { Accept: 'application/json' }],
  ]);
});

test.each([
  [
    422,
    '{"errors":{"title":["can\'t be blank"],"body":["is too short","is odd"]}}',
    ["title can't be blank", 'body is too short', 'body is odd'],
  ],
  [401, '{"errors":{"credentials":["invalid"]}}', ['credentials invalid']],
  [
    503,
    '{"errors":{"database":["is not available"]}}',
    ['The service is not available at the moment. Please try again.'],
  ],
  [502, '<html>', ['The server answered 502. Please try again.']],
  [500, '{"errors":7}', ['The server answered 500. Please try again.']],
  [200, '{ not json', ['The answer of the server cannot be read.']],
])('status %i is told in words', async (status, body, messages) => {
  expect(messagesOf(await failureOf(answering(status, body)))).toEqual(messages);
});

test('no answer at all is status 0', async () => {
  const error = await failureOf(() => Promise.reject(new TypeError('fetch failed')));
  expect([error?.status, error?.messages]).toEqual([0, ['Unable to connect to the server. Please try again.']]);
});

test('an answer without its field is refused, not shown half', () => {
  expect(() => fieldOf({ article: 1 }, 'articles')).toThrow(RequestError);
  expect(() => fieldOf(undefined, 'articles')).toThrow('it holds no "articles"');
});
