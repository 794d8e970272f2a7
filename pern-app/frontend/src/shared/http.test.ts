import { expect, test } from 'vitest';
import { type Fetch, requestJson } from './http.ts';

const answering =
  (status: number, body: string | null): Fetch =>
  async () =>
    new Response(body, { status });

test('gives the JSON of a good answer and undefined for 204', async () => {
  expect(await requestJson(answering(200, '{"a":1}'), 'GET', '/api/x')).toEqual({ a: 1 });
  expect(await requestJson(answering(204, null), 'DELETE', '/api/x')).toBeUndefined();
});

test.each([
  [422, '{"errors":{"title":["can\'t be blank"]}}', "title can't be blank."],
  [
    503,
    '{"errors":{"database":["is not available"]}}',
    'The service is not available at the moment. Please try again.',
  ],
  [502, '<html>', 'The server answered 502.'],
  [500, '{"errors":7}', 'The server answered 500.'],
])('status %i is told in words', async (status, body, message) => {
  await expect(requestJson(answering(status, body), 'GET', '/api/x')).rejects.toMatchObject({ status, message });
});

test('no answer at all is status 0', async () => {
  const failing: Fetch = () => Promise.reject(new TypeError('fetch failed'));
  await expect(requestJson(failing, 'GET', '/api/x')).rejects.toMatchObject({ status: 0 });
});
