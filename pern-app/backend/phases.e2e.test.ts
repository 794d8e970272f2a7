import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../operations/shutdown.ts';
import { type BackendEdges, createBackend } from './app.ts';
import { parseServerConfig } from './config.ts';
import { createPreviousArticleStore } from './testing/previous-release.ts';
import { ApiClient, TestWorld } from './testing/world.ts';

/**
 * Release 0.8.0 counts favorites at each read; since 0.9.0 the article carries the number. Both run side by side against the
 * schema after every single migration, as during a canary, and against the newest, as after a rollback.
 */
const MIGRATIONS = join(import.meta.dirname, '../database/migrations');
const FILES = readdirSync(MIGRATIONS).sort();
/** The last file of release 0.8.0. */
const BASE = 5;

let world: TestWorld;
const cleanups: (() => Promise<void>)[] = [];
beforeAll(async () => {
  world = await TestWorld.start();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => world.remove());

/** Applies the first so many files. */
async function migrateTo(count: number, environment: Record<string, string>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pern-app-phases-'));
  for (const file of FILES.slice(0, count)) cpSync(join(MIGRATIONS, file), join(folder, file));
  const { code, output } = await world.migrate({ ...environment, MIGRATIONS_DIR: folder });
  rmSync(folder, { recursive: true });
  if (code !== 0) throw new Error(output);
}

async function serve(environment: Record<string, string>, articleStore?: BackendEdges['articleStore']) {
  const config = parseServerConfig({ ...environment, LOG_LEVEL: 'silent', CACHE_TTL_MS: '0' });
  const backend = createBackend(config, { random: Math.random, now: Date.now, ...(articleStore && { articleStore }) });
  const server = await listen(backend.listener, 0, '127.0.0.1');
  cleanups.push(async () => {
    server.destroy();
    await server.close();
    await backend.release();
  });
  return new ApiClient(`http://127.0.0.1:${server.port}`);
}

async function counts(api: ApiClient): Promise<Record<string, number>> {
  const { status, body } = await api.send('GET', '/api/articles');
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  const articles: { slug: string; favoritesCount: number }[] = body.articles;
  return Object.fromEntries(articles.map(({ slug, favoritesCount }) => [slug, favoritesCount]));
}

/** Everything that a release does with an article. */
async function useApi(user: ApiClient, title: string): Promise<number[]> {
  const slug = await user.write(title, { tagList: ['phase'] });
  const path = `/api/articles/${slug}`;
  const steps: [string, string, unknown?][] = [
    ['POST', `${path}/favorite`],
    ['PUT', path, { article: { body: 'Changed' } }],
    ['POST', `${path}/comments`, { comment: { body: 'Seen' } }],
    ['GET', '/api/articles?tag=phase'],
    ['GET', '/api/tags'],
    ['DELETE', `${path}/favorite`],
    ['DELETE', path],
  ];
  const statuses: number[] = [];
  for (const [method, url, body] of steps) statuses.push((await user.send(method, url, body)).status);
  return statuses;
}
const ALL_WELL = [200, 200, 201, 200, 200, 200, 204];

describe('readiness 23, 25: every release that can meet a schema works with it', () => {
  test('old and new back end agree after each migration, whoever writes', async () => {
    const environment = await world.freshDatabase('phases');
    await migrateTo(BASE, environment);
    const old = await serve(environment, createPreviousArticleStore);
    const current = await serve(environment);
    const ann = await old.as('ann');
    const bob = await old.as('bob');
    const before = await ann.write('Before');
    await ann.send('POST', `/api/articles/${before}/favorite`);
    const early = await current.send('GET', '/api/articles');
    expect([early.status, early.body.code]).toEqual([503, 'schema_not_migrated']);
    const expected: Record<string, number> = { [before]: 1 };
    for (let count = BASE + 1; count <= FILES.length; count += 1) {
      await migrateTo(count, environment);
      const where = `after ${FILES[count - 1]}`;
      for (const [name, api] of [
        ['old', old],
        ['new', current],
      ] as const) {
        const slug = await ann.at(api.origin).write(`${name} ${count}`);
        await bob.at(api.origin).send('POST', `/api/articles/${slug}/favorite`);
        await bob.at(api.origin).send('POST', `/api/articles/${before}/favorite`);
        expected[slug] = 1;
        expected[before] = 2;
        expect(await counts(old), `${where}, ${name} wrote, old reads`).toEqual(expected);
        expect(await counts(current), `${where}, ${name} wrote, new reads`).toEqual(expected);
        await bob.at(api.origin).send('DELETE', `/api/articles/${before}/favorite`);
        expected[before] = 1;
        expect(await counts(current), `${where}, ${name} took back, new reads`).toEqual(expected);
        expect(await useApi(bob.at(api.origin), `${name} ${where}`), `${where}, ${name}`).toEqual(ALL_WELL);
      }
    }
  });

  test('favorites given while they are being counted are counted', async () => {
    const environment = await world.freshDatabase('race');
    await migrateTo(6, environment);
    await world.sql(
      environment,
      `INSERT INTO users (email, username, password_hash) SELECT i || '@x', 'u' || i, '' FROM generate_series(1, 6) i;
       INSERT INTO articles (slug, title, description, body, author_id, favorites_count)
         SELECT 'a' || i, 't', 'd', 'b', (SELECT id FROM users LIMIT 1), NULL FROM generate_series(1, 1200) i;`,
    );
    const like = 'INSERT INTO favorites SELECT id, $2 FROM users WHERE username = $1';
    const likers = Array.from({ length: 6 }, async (_, at) => {
      const client = await world.connect(environment);
      // One article at a time, as the application does; half of them are liked by all.
      for (let id = 1; id <= 1200; id += 12) await client.query(like, [`u${at + 1}`, id % 24 === 1 ? id : id + at]);
      await client.end();
    });
    await Promise.all([migrateTo(7, environment), ...likers]);
    const wrong = `SELECT a.id FROM articles a WHERE a.favorites_count IS DISTINCT FROM
      (SELECT count(*) FROM favorites f WHERE f.article_id = a.id)`;
    expect(await world.sql(environment, wrong)).toEqual([]);
  });

  test('readiness 24: an index that broke off is removed and built anew', async () => {
    const environment = await world.freshDatabase('broken_index');
    await migrateTo(7, environment);
    await world.sql(environment, 'CREATE INDEX articles_by_tag ON articles USING gin (tag_list)');
    await world.sql(
      environment,
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'articles_by_tag'::regclass",
    );
    await migrateTo(8, environment);
    const valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'articles_by_tag'::regclass";
    expect(await world.sql(environment, valid)).toEqual([{ indisvalid: true }]);
  });
});
