import type { Database } from '../database.ts';
import { type ArticleStore, createArticleStore } from '../features/articles/store.ts';

/** What release 0.8.0 selects of an article: it counts favorites at every read and knows no column for it. Frozen. */
const COLUMNS_0_8_0 = `a.slug, a.title, a.description, a.tag_list, a.created_at, a.updated_at,
  (SELECT count(*)::integer FROM favorites c WHERE c.article_id = a.id) AS favorites_count,
  EXISTS (SELECT FROM favorites v WHERE v.user_id = $1 AND v.article_id = a.id) AS favorited,
  u.username, u.bio, u.image,
  EXISTS (SELECT FROM follows f WHERE f.follower_id = $1 AND f.followed_id = u.id) AS following`;

/** Articles as the release before this one reads and writes them, to be run against every schema that it may meet. */
export const createPreviousArticleStore = (database: Database): ArticleStore =>
  createArticleStore(database, COLUMNS_0_8_0);
