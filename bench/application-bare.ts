/**
 * What the application is measured against: Express and `pg` with the same statements, prepared alike, and nothing else. No
 * checks, no tokens, no headers, no metrics, no logs, no limits. Prints its port; `AUTHOR_ID` is who writes.
 */
import express from 'express';
import pg from 'pg';
import { createArticleStore } from '../pern-app/backend/features/articles/store.ts';

const pool = new pg.Pool({ max: 10 });
const names = new Map<string, string>();
const store = createArticleStore({
  async query<Row extends pg.QueryResultRow>(operation: string, text: string, values: unknown[] = []) {
    const name = names.get(text) ?? `${operation}-${names.size}`;
    names.set(text, name);
    return (await pool.query<Row>({ name, text, values })).rows;
  },
  ping: async () => undefined,
  close: () => pool.end(),
});

let written = 0;
const app = express();
app.get('/api/articles', async (_request, response) => {
  response.json(await store.list({}, { limit: 20, offset: 0 }, undefined));
});
app.get('/api/articles/:slug', async (request, response) => {
  response.json({ article: await store.find(request.params.slug, undefined) });
});
app.post('/api/articles', express.json(), async (request, response) => {
  const slug = `bare-${process.pid}-${written++}`;
  const article = { ...request.body.article, tagList: [] };
  response.status(201).json({ article: await store.create(slug, article, process.env.AUTHOR_ID ?? '') });
});
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
