import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient, TestWorld } from './testing/world.ts';

/** The API as the public contract has it, against a real database; and as nobody should use it. */
let world: TestWorld;
let server: Awaited<ReturnType<TestWorld['serve']>>;
let api: ApiClient;
let ann: ApiClient;
let bob: ApiClient;

beforeAll(async () => {
  world = await TestWorld.start();
  const environment = await world.freshDatabase('api');
  await world.migrate(environment);
  server = await world.serve({ ...environment, WRITES_PER_MINUTE: '0', REGISTRATIONS_PER_MINUTE: '0' });
  api = server.api;
  ann = await api.as('ann');
  bob = await api.as('bob');
});
afterAll(() => world.remove());

const errorsOf = ({ status, body }: { status: number; body: { errors: unknown } }) => [status, body.errors];
const NO_ARTICLE = [404, { article: ['not found'] }];

describe('users', () => {
  test('register, log in, read, change; null and the empty text are the same', async () => {
    const password = 'a good password';
    const created = await api.send('POST', '/api/users', {
      user: { username: 'eve', email: 'Eve@example.com', password },
    });
    expect([created.status, Object.keys(created.body.user).sort()]).toEqual([
      201,
      ['bio', 'email', 'image', 'token', 'username'],
    ]);
    const login = await api.send('POST', '/api/users/login', { user: { email: 'eve@EXAMPLE.com', password } });
    expect([login.status, login.body.user.username, login.body.user.bio]).toEqual([200, 'eve', null]);
    const eve = new ApiClient(server.origin, login.body.user.token);
    const change = async (user: object) => (await eve.send('PUT', '/api/user', { user })).body.user;
    expect((await change({ bio: 'B', image: 'https://example.com/i.png' })).image).toBe('https://example.com/i.png');
    expect((await change({ image: '' })).image).toBeNull();
    expect((await change({ bio: null })).bio).toBeNull();
    expect((await change({ username: 'eva', password: 'another password' })).username).toBe('eva');
    const again = await api.send('POST', '/api/users/login', { user: { email: 'eve@example.com', password } });
    expect(errorsOf(again)).toEqual([401, { credentials: ['invalid'] }]);
    expect((await eve.send('GET', '/api/user')).body.user.username).toBe('eva');
  });

  test.each<[string, object, number, object]>([
    ['blank', { username: '', email: 'x@y', password: 'long enough' }, 422, { username: ["can't be blank"] }],
    [
      'short',
      { username: 'x', email: 'x@y', password: 'short7c' },
      422,
      { password: ['is too short (at least 8 characters)'] },
    ],
    [
      'taken name, other case',
      { username: 'ANN', email: 'x@y', password: 'long enough' },
      409,
      { username: ['has already been taken'] },
    ],
    [
      'taken both',
      { username: 'ann', email: 'ANN@example.com', password: 'long enough' },
      409,
      { email: ['has already been taken'], username: ['has already been taken'] },
    ],
  ])('registration refused: %s', async (_name, user, status, errors) => {
    expect(errorsOf(await api.send('POST', '/api/users', { user }))).toEqual([status, errors]);
  });

  test('the same name at the same moment is given once', async () => {
    const register = (number: number) =>
      api.send('POST', '/api/users', { user: { username: 'twin', email: `twin${number}@x`, password: 'long enough' } });
    const statuses = (await Promise.all([1, 2, 3, 4].map(register))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 409, 409, 409]);
  });

  test('a token of somebody who is gone is worth nothing', async () => {
    const gone = await api.as('gone');
    await world.sql({ ...world.postgres.environment, PGDATABASE: 'api' }, "DELETE FROM users WHERE username = 'gone'");
    const slug = await ann.write('For the dead');
    const answers = await Promise.all([
      gone.send('GET', '/api/user'),
      gone.send('PUT', '/api/user', { user: { bio: 'x' } }),
      gone.send('POST', '/api/articles', { article: { title: 'x', description: 'x', body: 'x' } }),
      gone.send('POST', `/api/articles/${slug}/favorite`),
      gone.send('POST', `/api/articles/${slug}/comments`, { comment: { body: 'x' } }),
      gone.send('POST', '/api/profiles/ann/follow'),
    ]);
    expect(answers.map(errorsOf)).toEqual(answers.map(() => [401, { token: ['names nobody'] }]));
  });
});

describe('articles, comments, favorites, feed', () => {
  test('only the owner changes or removes; everybody learns what is missing', async () => {
    const slug = await ann.write('Owned by Ann');
    const path = `/api/articles/${slug}`;
    const comment = await ann.send('POST', `${path}/comments`, { comment: { body: 'mine' } });
    const { id } = comment.body.comment;
    expect(errorsOf(await bob.send('PUT', path, { article: { body: 'x' } }))).toEqual([
      403,
      { article: ['forbidden'] },
    ]);
    expect(errorsOf(await bob.send('DELETE', path))).toEqual([403, { article: ['forbidden'] }]);
    expect(errorsOf(await bob.send('DELETE', `${path}/comments/${id}`))).toEqual([403, { comment: ['forbidden'] }]);
    expect(errorsOf(await bob.send('DELETE', `${path}/comments/${id + 1000}`))).toEqual([
      404,
      { comment: ['not found'] },
    ]);
    expect(errorsOf(await bob.send('DELETE', `/api/articles/none/comments/${id}`))).toEqual(NO_ARTICLE);
    expect(errorsOf(await api.send('GET', '/api/profiles/nobody'))).toEqual([404, { profile: ['not found'] }]);
    expect((await ann.send('DELETE', path)).status).toBe(204);
    expect(errorsOf(await api.send('GET', path))).toEqual(NO_ARTICLE);
    expect(errorsOf(await api.send('GET', `${path}/comments`))).toEqual(NO_ARTICLE);
  });

  test('a new title makes a new slug, an equal title another one, and reserved words are never slugs', async () => {
    const first = await ann.write('Equal titles');
    const second = await bob.write('Equal titles');
    expect([first, second.startsWith('equal-titles-'), await ann.write('feed')]).toEqual([
      'equal-titles',
      true,
      'feed-article',
    ]);
    const renamed = await bob.send('PUT', `/api/articles/${second}`, {
      article: { title: 'Other', tagList: ['b', 'a', 'b'] },
    });
    expect([renamed.body.article.slug, renamed.body.article.tagList]).toEqual(['other', ['b', 'a']]);
    const kept = await bob.send('PUT', '/api/articles/other', { article: { title: 'Other', body: 'new' } });
    expect([kept.body.article.slug, kept.body.article.body]).toEqual(['other', 'new']);
    expect(kept.body.article.updatedAt > renamed.body.article.updatedAt).toBe(true);
    expect(kept.body.article.createdAt).toBe(renamed.body.article.createdAt);
  });

  test('hostile text is text', async () => {
    const title = `'; DROP TABLE users; -- <script>alert(1)</script> ../../etc/passwd %00 \u202e`;
    const slug = await ann.write(title, { tagList: ['<b>', "' OR 1=1"] });
    const { body, headers } = await api.send('GET', `/api/articles/${slug}`);
    expect([body.article.title, body.article.tagList]).toEqual([title.trim(), ['<b>', "' OR 1=1"]]);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const query = encodeURIComponent("' OR 1=1");
    expect((await api.send('GET', `/api/articles?tag=${query}`)).body.articlesCount).toBe(1);
    expect((await api.send('GET', `/api/articles?author=${query}`)).body.articlesCount).toBe(0);
  });

  test('favorites count each user once, lists filter and page, the feed is what one follows', async () => {
    const cat = await api.as('cat');
    const slugs: string[] = [];
    for (const number of [1, 2, 3]) slugs.push(await cat.write(`Cat ${number}`, { tagList: ['cats'] }));
    const path = `/api/articles/${slugs[0]}/favorite`;
    await Promise.all([ann, ann, bob].map((user) => user.send('POST', path)));
    const seen = (await ann.send('GET', `/api/articles/${slugs[0]}`)).body.article;
    expect([seen.favoritesCount, seen.favorited]).toEqual([2, true]);
    expect((await ann.send('DELETE', path)).body.article).toMatchObject({ favoritesCount: 1, favorited: false });
    const list = async (query: string, as = api) => {
      const { body } = await as.send('GET', `/api/articles${query}`);
      return [body.articlesCount, body.articles.map(({ slug }: { slug: string }) => slug)];
    };
    expect(await list('?tag=cats&author=CAT&limit=2')).toEqual([3, ['cat-3', 'cat-2']]);
    expect(await list('?tag=cats&limit=2&offset=2')).toEqual([3, ['cat-1']]);
    expect(await list('?tag=cats&offset=5')).toEqual([3, []]);
    expect(await list('?favorited=bob&tag=cats')).toEqual([1, ['cat-1']]);
    expect(await list('/feed', bob)).toEqual([0, []]);
    expect((await bob.send('POST', '/api/profiles/Cat/follow')).body.profile).toMatchObject({
      username: 'cat',
      following: true,
    });
    expect(await list('/feed?limit=1', bob)).toEqual([3, ['cat-3']]);
    const [listed] = (await bob.send('GET', '/api/articles/feed')).body.articles;
    expect(['body' in listed, listed.author.following]).toEqual([false, true]);
  });

  test('readiness 35: two replicas share everything', async () => {
    const other = await world.serve({ ...world.postgres.environment, PGDATABASE: 'api', ...SETTINGS });
    const slug = await ann.write('Written here');
    expect((await ann.at(other.origin).send('POST', `/api/articles/${slug}/favorite`)).status).toBe(200);
    expect((await ann.send('GET', `/api/articles/${slug}`)).body.article.favorited).toBe(true);
  });
});
const SETTINGS = {
  REDIS_URL: 'redis://127.0.0.1:1',
  JWT_SECRET: 'a secret of at least 32 characters',
  VERSION: '1.0.1',
};

interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
  responses: Record<string, unknown>;
}
interface Schema {
  properties?: Record<string, Schema>;
}

/** `FUZZ_RUNS=20000 npx vitest run --project e2e pern-app/backend/api.e2e.test.ts` looks longer than the default. */
const FUZZ_RUNS = Number(process.env.FUZZ_RUNS ?? 300);

describe('readiness 31, 36: fuzz from the OpenAPI document', () => {
  const nasty = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      '',
      ' ',
      '\0',
      '\ud800',
      "'",
      '<script>',
      '../..',
      '%',
      '[]',
      -1,
      0,
      1e308,
      2 ** 53,
      [],
      {},
      [[]],
    ),
    fc.constantFrom(
      'x'.repeat(60_000),
      '日本語',
      '𝒳'.repeat(300),
      'feed',
      'ann',
      '00000000-0000-0000-0000-000000000000',
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.integer(),
    fc.array(fc.string({ maxLength: 5 }), { maxLength: 30 }),
    fc.jsonValue({ maxDepth: 3 }),
  );

  test('whatever is sent, the answer is one that the document names, never a 500, never a stack trace', async () => {
    const document = (await api.send('GET', '/api/openapi.json')).body as {
      paths: Record<string, Record<string, Operation>>;
    };
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    const slug = await ann.write('Fuzzed');
    const request = fc.record({
      operation: fc.constantFrom(...operations),
      values: fc.array(nasty, { minLength: 8, maxLength: 8 }),
      known: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      user: fc.constantFrom('stranger', 'ann', 'forged'),
      shape: fc.constantFrom('fields', 'fields', 'resource', 'body', 'text'),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ operation: { path, method, operation }, values, known, user, shape }) => {
        const value = (at: number) => values[at % values.length];
        const url = path.replaceAll(/{(\w+)}/g, (_, name: string) =>
          encodeURIComponent(known[0] ? (KNOWN[name] ?? slug) : asText(value(0))),
        );
        const query = (operation.parameters ?? [])
          .filter((parameter, at) => parameter.in === 'query' && known[at % known.length])
          .map(({ name }, at) => `${name}=${encodeURIComponent(asText(value(at + 1)))}`);
        const as =
          user === 'ann'
            ? ann
            : user === 'forged'
              ? new ApiClient(server.origin, asText(value(2)).replaceAll(/[^\x21-\x7e]/g, 'x'))
              : api;
        const body = method === 'get' || method === 'delete' ? undefined : bodyOf(operation, shape, value);
        const answer = await as.send(method.toUpperCase(), `${url}?${query.join('&')}`, body);
        const text = JSON.stringify(answer.body);
        expect(Object.keys(operation.responses), `${method} ${url}: ${text.slice(0, 300)}`).toContain(
          String(answer.status),
        );
        expect(answer.status, text).toBeLessThan(500);
        expect(text).not.toMatch(/node_modules|\.ts:\d|at async /);
        if (answer.status >= 400)
          expect(
            Object.values(answer.body.errors)
              .flat()
              .every((each) => typeof each === 'string'),
          ).toBe(true);
      }),
      { numRuns: FUZZ_RUNS },
    );
    expect(server.output()).not.toContain('unexpected error');
  });

  const KNOWN: Record<string, string> = { username: 'ann', id: '1' };
  const asText = (value: unknown) =>
    (typeof value === 'string' ? (value.isWellFormed() ? value : '?') : JSON.stringify(value)).slice(0, 2000);

  /** From nearly right to not at all. */
  function bodyOf(operation: Operation, shape: string, value: (at: number) => unknown): unknown {
    if (shape === 'text') return asText(value(3));
    if (shape === 'body') return value(3);
    const schema = operation.requestBody?.content['application/json'].schema;
    const resources = Object.entries(schema?.properties ?? {}).map(([name, { properties = {} }], at) => {
      const fields = Object.keys(properties).map((field, index) => [field, value(index + 4)]);
      return [name, shape === 'resource' ? value(at) : Object.fromEntries(fields)];
    });
    return Object.fromEntries(resources);
  }
});
