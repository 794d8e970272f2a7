import type { Database } from '../../database.ts';
import type { Page } from '../../http/input.ts';
import type { Article, ArticleList, ListedArticle, NewArticle } from './article.ts';

/** What a list is made of; all that is given must be true of an article. */
export interface ArticleFilter {
  tag?: string | undefined;
  /** User name of the author. */
  author?: string | undefined;
  /** User name of somebody who likes it. */
  favorited?: string | undefined;
  /** UUID of somebody who follows its author. */
  followedBy?: string | undefined;
}

/** Who wrote it, which decides who may change it. */
export interface Ownership {
  authorId: string;
  title: string;
}

/**
 * Articles in PostgreSQL. `viewerId` is the UUID of whoever asks, undefined for a stranger. A write rejects with the
 * database's error when a slug is taken or the viewer is not there; see `brokenConstraint`.
 */
export interface ArticleStore {
  /** Newest first. */
  list(filter: ArticleFilter, page: Page, viewerId: string | undefined): Promise<ArticleList>;
  find(slug: string, viewerId: string | undefined): Promise<Article | undefined>;
  findOwnership(slug: string): Promise<Ownership | undefined>;
  create(slug: string, article: NewArticle, authorId: string): Promise<Article>;
  /** Changes what is given; undefined when it has gone or has another author by now. */
  update(slug: string, change: Partial<NewArticle> & { slug?: string }, authorId: string): Promise<Article | undefined>;
  remove(slug: string, authorId: string): Promise<void>;
  /** Liking twice is liking. Nothing happens when there is no such article. */
  favorite(slug: string, viewerId: string): Promise<void>;
  unfavorite(slug: string, viewerId: string): Promise<void>;
}

interface Row {
  slug: string;
  title: string;
  description: string;
  tag_list: string[];
  created_at: Date;
  updated_at: Date;
  favorites_count: number;
  favorited: boolean;
  username: string;
  bio: string | null;
  image: string | null;
  following: boolean;
}

// Until migration 0007 has counted an article it is counted here.
const COLUMNS = `a.slug, a.title, a.description, a.tag_list, a.created_at, a.updated_at,
  coalesce(a.favorites_count, (SELECT count(*)::integer FROM favorites c WHERE c.article_id = a.id)) AS favorites_count,
  EXISTS (SELECT FROM favorites v WHERE v.user_id = $1 AND v.article_id = a.id) AS favorited,
  u.username, u.bio, u.image,
  EXISTS (SELECT FROM follows f WHERE f.follower_id = $1 AND f.followed_id = u.id) AS following`;
const FROM = 'FROM articles a JOIN users u ON u.id = a.author_id';
const OWNERSHIP = 'SELECT author_id AS "authorId", title FROM articles WHERE slug = $1';
const REMOVE = 'DELETE FROM articles WHERE slug = $1 AND author_id = $2';
const FAVORITE = `INSERT INTO favorites (user_id, article_id) SELECT $2, id FROM articles WHERE slug = $1
  ON CONFLICT DO NOTHING`;
const UNFAVORITE =
  'DELETE FROM favorites WHERE user_id = $2 AND article_id = (SELECT id FROM articles WHERE slug = $1)';

const statementsFor = (columns: string) => ({
  find: `SELECT ${columns}, a.body ${FROM} WHERE a.slug = $2`,
  create: `WITH a AS (
      INSERT INTO articles (slug, title, description, body, tag_list, author_id) VALUES ($2, $3, $4, $5, $6, $1) RETURNING *
    ) SELECT ${columns}, a.body FROM a JOIN users u ON u.id = a.author_id`,
  // Answers are in milliseconds, so a change is at least one millisecond later than the last.
  update: `WITH a AS (
      UPDATE articles SET slug = coalesce($3, slug), title = coalesce($4, title), description = coalesce($5, description),
      body = coalesce($6, body), tag_list = coalesce($7, tag_list),
      updated_at = greatest(now(), updated_at + interval '1 millisecond')
      WHERE slug = $2 AND author_id = $1 RETURNING *
    ) SELECT ${columns}, a.body FROM a JOIN users u ON u.id = a.author_id`,
});

function toListed(row: Row): ListedArticle {
  return {
    slug: row.slug,
    title: row.title,
    description: row.description,
    tagList: row.tag_list,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    favorited: row.favorited,
    favoritesCount: row.favorites_count,
    author: { username: row.username, bio: row.bio, image: row.image, following: row.following },
  };
}

const toArticle = (row: Row & { body: string }): Article => ({ ...toListed(row), body: row.body });

/** @param columns of an article `a` and its author `u`, where `$1` is the viewer; another release's in tests */
export function createArticleStore(database: Database, columns = COLUMNS): ArticleStore {
  const { find, create, update } = statementsFor(columns);
  async function one(operation: string, text: string, values: unknown[]): Promise<Article | undefined> {
    const [row] = await database.query<Row & { body: string }>(operation, text, values);
    return row === undefined ? undefined : toArticle(row);
  }
  return {
    async list(filter, { limit, offset }, viewerId) {
      const { where, values } = conditionsOf(filter, [viewerId ?? null, limit, offset]);
      const text = `SELECT ${columns}, (SELECT count(*)::integer ${FROM} ${where}) AS total ${FROM} ${where}
        ORDER BY a.created_at DESC, a.id DESC LIMIT $2 OFFSET $3`;
      const rows = await database.query<Row & { total: number }>('articles.list', text, values);
      const articlesCount = rows[0]?.total ?? (offset === 0 ? 0 : await countAll(database, filter));
      return { articles: rows.map(toListed), articlesCount };
    },
    find: (slug, viewerId) => one('articles.find', find, [viewerId ?? null, slug]),
    async findOwnership(slug) {
      const [row] = await database.query<Ownership>('articles.owner', OWNERSHIP, [slug]);
      return row;
    },
    async create(slug, { title, description, body, tagList }, authorId) {
      const article = await one('articles.create', create, [authorId, slug, title, description, body, tagList]);
      if (article === undefined) throw new Error('INSERT ... RETURNING gave no row');
      return article;
    },
    update(slug, change, authorId) {
      const { title, description, body, tagList } = change;
      const given = [change.slug, title, description, body, tagList].map((value) => value ?? null);
      return one('articles.update', update, [authorId, slug, ...given]);
    },
    async remove(slug, authorId) {
      await database.query('articles.remove', REMOVE, [slug, authorId]);
    },
    async favorite(slug, viewerId) {
      await database.query('articles.favorite', FAVORITE, [slug, viewerId]);
    },
    async unfavorite(slug, viewerId) {
      await database.query('articles.unfavorite', UNFAVORITE, [slug, viewerId]);
    },
  };
}

/** A page beyond the last has no row that could carry the number. */
async function countAll(database: Database, filter: ArticleFilter): Promise<number> {
  const { where, values } = conditionsOf(filter, []);
  const text = `SELECT count(*)::integer AS total ${FROM} ${where}`;
  const [row] = await database.query<{ total: number }>('articles.count', text, values);
  return row?.total ?? 0;
}

/** One condition per given filter; all values are parameters, so the number of different texts is small and fixed. */
function conditionsOf(filter: ArticleFilter, first: readonly unknown[]): { where: string; values: unknown[] } {
  const values = [...first];
  const conditions: string[] = [];
  const add = (value: string | undefined, condition: (parameter: string) => string) => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  add(filter.tag, (tag) => `a.tag_list @> ARRAY[${tag}::text]`);
  add(filter.author, (author) => `lower(u.username) = lower(${author})`);
  add(
    filter.favorited,
    (user) => `EXISTS (SELECT FROM favorites l JOIN users n ON n.id = l.user_id
      WHERE l.article_id = a.id AND lower(n.username) = lower(${user}))`,
  );
  add(
    filter.followedBy,
    (user) => `EXISTS (SELECT FROM follows w WHERE w.follower_id = ${user} AND w.followed_id = a.author_id)`,
  );
  return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, values };
}
