import type { Database } from '../../database.ts';
import type { Profile } from '../profiles/profile.ts';

export interface Comment {
  id: number;
  /** RFC 3339, UTC; as `updatedAt`. */
  createdAt: string;
  updatedAt: string;
  body: string;
  author: Profile;
}

/** Comments in PostgreSQL. */
export interface CommentStore {
  /** Of one article, oldest first; undefined when there is no such article. */
  list(slug: string, viewerId: string | undefined): Promise<Comment[] | undefined>;
  /** @returns undefined when there is no such article; rejects with the database's error when the author is not there */
  create(slug: string, authorId: string, body: string): Promise<Comment | undefined>;
  /** What stands in the way of removing it, or that it was removed. Asked and done in one statement, so nothing comes between. */
  remove(slug: string, id: number, viewerId: string): Promise<'removed' | 'no article' | 'no comment' | 'forbidden'>;
}

interface Row extends Profile {
  id: string;
  body: string;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = `c.id, c.body, c.created_at, c.updated_at, u.username, u.bio, u.image,
  EXISTS (SELECT FROM follows f WHERE f.follower_id = $2 AND f.followed_id = u.id) AS following`;
/** No more than one can read; the contract knows no pages here. */
const LIST = `SELECT ${COLUMNS} FROM comments c JOIN users u ON u.id = c.author_id
  WHERE c.article_id = $1 ORDER BY c.id LIMIT 500`;
const ARTICLE = 'SELECT id FROM articles WHERE slug = $1';
const CREATE = `WITH c AS (
    INSERT INTO comments (article_id, author_id, body) SELECT a.id, $2, $3 FROM articles a WHERE a.slug = $1 RETURNING *
  ) SELECT ${COLUMNS} FROM c JOIN users u ON u.id = c.author_id`;
const REMOVE = `WITH a AS (SELECT id FROM articles WHERE slug = $1),
  c AS (SELECT id, author_id FROM comments WHERE id = $2 AND article_id = (SELECT id FROM a)),
  removed AS (DELETE FROM comments WHERE id = (SELECT id FROM c WHERE author_id = $3) RETURNING id)
  SELECT EXISTS (SELECT FROM a) AS article, EXISTS (SELECT FROM c) AS comment, EXISTS (SELECT FROM removed) AS removed`;

const toComment = ({ id, body, created_at, updated_at, username, bio, image, following }: Row): Comment => ({
  id: Number(id),
  createdAt: created_at.toISOString(),
  updatedAt: updated_at.toISOString(),
  body,
  author: { username, bio, image, following },
});

export function createCommentStore(database: Database): CommentStore {
  return {
    async list(slug, viewerId) {
      const [article] = await database.query<{ id: string }>('comments.article', ARTICLE, [slug]);
      if (article === undefined) return undefined;
      const rows = await database.query<Row>('comments.list', LIST, [article.id, viewerId ?? null]);
      return rows.map(toComment);
    },
    async create(slug, authorId, body) {
      const [row] = await database.query<Row>('comments.create', CREATE, [slug, authorId, body]);
      return row === undefined ? undefined : toComment(row);
    },
    async remove(slug, id, viewerId) {
      type Outcome = { article: boolean; comment: boolean; removed: boolean };
      const [outcome] = await database.query<Outcome>('comments.remove', REMOVE, [slug, id, viewerId]);
      if (!outcome?.article) return 'no article';
      if (!outcome.comment) return 'no comment';
      return outcome.removed ? 'removed' : 'forbidden';
    },
  };
}
