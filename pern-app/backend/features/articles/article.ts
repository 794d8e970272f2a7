import * as z from 'zod';
import { profile } from '../profiles/profile.ts';

/** An article in a list: everything but its body. */
export const listedArticle = z
  .object({
    slug: z.string(),
    title: z.string(),
    description: z.string(),
    tagList: z.array(z.string()),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    favorited: z.boolean(),
    favoritesCount: z.int(),
    author: profile,
  })
  .meta({ id: 'ListedArticle' });

export const article = listedArticle.extend({ body: z.string() }).meta({ id: 'Article' });

export const articleList = z.object({ articles: z.array(listedArticle), articlesCount: z.int() });

export type ListedArticle = z.infer<typeof listedArticle>;
export type Article = z.infer<typeof article>;
/** `articlesCount` is the number of all that match, not only of those on the page. */
export type ArticleList = z.infer<typeof articleList>;

export interface NewArticle {
  title: string;
  description: string;
  body: string;
  tagList: string[];
}
