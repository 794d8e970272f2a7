import { expect, test } from 'vitest';
import type { Fetch } from './http.ts';
import { createSession, TOKEN_KEY } from './session.ts';
import type { KeyValueStorage } from './storage.ts';

const USER = { username: 'ann', email: 'ann@example.org', bio: null, image: null, token: 'a.b.c' };
const good: Fetch = async () => Response.json({ user: USER });
const answering =
  (status: number, body = '{}'): Fetch =>
  async () =>
    new Response(body, { status });

/** A session whose server, storage and clock the test decides. */
function world(token: string | null, first: Fetch) {
  const kept = new Map(token === null ? [] : [[TOKEN_KEY, token]]);
  const storage: KeyValueStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
  const timers: { callback: () => void; delayMs: number; cancelled: boolean }[] = [];
  const server = { answer: first };
  const session = createSession({
    fetch: (url, init) => server.answer(url, init),
    storage,
    schedule(callback, delayMs) {
      const timer = { callback, delayMs, cancelled: false };
      timers.push(timer);
      return () => {
        timer.cancelled = true;
      };
    },
  });
  return { session, kept, timers, server };
}

test('without a token nobody is asked', async () => {
  const { session } = world(null, () => Promise.reject(new Error('asked')));
  await session.start();
  expect(session.state()).toMatchObject({ status: 'unauthenticated', user: null });
});

test('a good token signs in; what is shown stays valid', async () => {
  const { session } = world('a.b.c', good);
  expect(session.state().status).toBe('loading');
  await session.start();
  expect(session.state()).toEqual({ status: 'authenticated', user: USER, generation: 0 });
});

test.each([400, 401, 403, 404])('a token refused with %i is forgotten', async (status) => {
  const { session, kept } = world('bad', answering(status));
  await session.start();
  expect(session.state()).toEqual({ status: 'unauthenticated', user: null, generation: 1 });
  expect(kept.size).toBe(0);
});

test.each([
  ['500', answering(500)],
  ['429', answering(429)],
  ['no connection', (() => Promise.reject(new TypeError('failed'))) as Fetch],
  ['malformed JSON', answering(200, '{ not json')],
  ['an empty answer', answering(200, '')],
])('%s says nothing about the token: it is kept and asked about again, later and later', async (_name, answer) => {
  const { session, kept, timers, server } = world('good', answer);
  await session.start();
  expect(session.state().status).toBe('unavailable');
  expect(kept.get(TOKEN_KEY)).toBe('good');
  await session.start();
  await session.start();
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([2000, 4000, 8000]);
  expect(timers.map(({ cancelled }) => cancelled)).toEqual([true, true, false]);
  server.answer = good;
  const changed = new Promise<void>((resolve) => session.subscribe(resolve));
  timers.at(-1)?.callback();
  await changed;
  expect(session.state().status).toBe('authenticated');
});

test('login, update and logout keep the token and tell that somebody else is there', async () => {
  const { session, kept, server } = world(null, good);
  await session.login({ email: 'ann@example.org', password: 'secret' });
  expect([session.state().status, session.state().generation, kept.get(TOKEN_KEY)]).toEqual([
    'authenticated',
    1,
    'a.b.c',
  ]);
  server.answer = async () => Response.json({ user: { ...USER, username: 'bea', token: 'd.e.f' } });
  expect((await session.update({ username: 'bea' })).username).toBe('bea');
  expect([session.state().user?.username, kept.get(TOKEN_KEY)]).toEqual(['bea', 'd.e.f']);
  session.logout();
  expect([session.state().status, kept.size]).toEqual(['unauthenticated', 0]);
});

test('a refused login changes nothing', async () => {
  const { session, kept } = world(null, answering(401, '{"errors":{"credentials":["invalid"]}}'));
  await expect(session.login({ email: 'a', password: 'b' })).rejects.toMatchObject({ status: 401 });
  expect([session.state().status, kept.size]).toEqual(['unauthenticated', 0]);
});

test('an answer about a token that has been replaced meanwhile is ignored', async () => {
  const { session, kept, server } = world('old', good);
  const answer = Promise.withResolvers<Response>();
  server.answer = () => answer.promise;
  const checking = session.start();
  kept.set(TOKEN_KEY, 'new');
  answer.resolve(new Response('{}', { status: 401 }));
  await checking;
  expect([session.state().status, kept.get(TOKEN_KEY)]).toEqual(['loading', 'new']);
});
