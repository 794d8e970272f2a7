import type { Database } from '../../database.ts';

export interface Article {
  id: number;
  title: string;
  body: string;
  author: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  likes: number;
}

export type NewArticle = Pick<Article, 'title' | 'body' | 'author'>;

export interface ArticlePage {
  articles: Article[];
  /** Number of all articles, not only those on the page. */
  articlesCount: number;
}

/** Articles in PostgreSQL. Every method rejects with a 503 `HttpError` when the database is away. */
export interface ArticleStore {
  /** Newest first. */
  list(page: { limit: number; offset: number }): Promise<ArticlePage>;
  find(id: number): Promise<Article | undefined>;
  create(article: NewArticle): Promise<Article>;
  like(id: number): Promise<Article | undefined>;
  /** @returns whether there was such an article */
  remove(id: number): Promise<boolean>;
}

interface Row {
  id: string;
  title: string;
  body: string;
  author: string;
  created_at: Date;
  likes: number;
}

const COLUMNS = 'id, title, body, author, created_at, likes';

/** `bigint` arrives as text; identities stay far below 2^53. */
const toArticle = ({ id, created_at, ...rest }: Row): Article => ({
  id: Number(id),
  title: rest.title,
  body: rest.body,
  author: rest.author,
  createdAt: created_at.toISOString(),
  likes: rest.likes,
});

/** @param database where migration 0001 has been applied */
export function createArticleStore(database: Database): ArticleStore {
  async function one(operation: string, text: string, values: unknown[]): Promise<Article | undefined> {
    const [row] = await database.query<Row>(operation, text, values);
    return row === undefined ? undefined : toArticle(row);
  }
  return {
    async list({ limit, offset }) {
      const page = `SELECT ${COLUMNS} FROM articles ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2`;
      const [rows, [total]] = await Promise.all([
        database.query<Row>('articles.list', page, [limit, offset]),
        database.query<{ count: string }>('articles.count', 'SELECT count(*) FROM articles'),
      ]);
      return { articles: rows.map(toArticle), articlesCount: Number(total?.count ?? 0) };
    },
    find: (id) => one('articles.find', `SELECT ${COLUMNS} FROM articles WHERE id = $1`, [id]),
    async create({ title, body, author }) {
      const text = `INSERT INTO articles (title, body, author) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`;
      const article = await one('articles.create', text, [title, body, author]);
      if (article === undefined) throw new Error('INSERT ... RETURNING gave no row');
      return article;
    },
    like: (id) =>
      one('articles.like', `UPDATE articles SET likes = likes + 1 WHERE id = $1 RETURNING ${COLUMNS}`, [id]),
    async remove(id) {
      const rows = await database.query('articles.remove', 'DELETE FROM articles WHERE id = $1 RETURNING id', [id]);
      return rows.length > 0;
    },
  };
}
