import * as z from 'zod';
import { page, pathText, queryText, resource, text, wrapped } from '../../http/input.ts';
import { defineRoute, JsonText, type Route } from '../../http/route.ts';
import { article, articleList } from './article.ts';
import type { ArticleService } from './service.ts';

const params = z.object({ slug: pathText });
const success = { status: 200, body: z.object({ article }) } as const;
const list = { status: 200, body: articleList } as const;

const fields = {
  title: text(200),
  description: text(1000),
  body: text(50_000),
};
const tagList = z
  .array(text(50), 'must be a list')
  .max(20, 'has too many tags (at most 20)')
  .transform((tags) => [...new Set(tags)]);

/** The routes of articles; their comments are a feature of their own. */
export function articleRoutes(service: ArticleService): Route[] {
  return [...readingRoutes(service), ...writingRoutes(service), ...favoriteRoutes(service)];
}

function readingRoutes(service: ArticleService): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/articles',
      operation: 'GetArticles',
      summary: 'Articles, the newest first',
      viewer: 'optional',
      query: z.object({
        tag: queryText(50).optional(),
        author: queryText(50).optional(),
        favorited: queryText(50).optional(),
        ...page,
      }),
      success: list,
      failures: [401, 422],
      handle: async ({ query: { limit, offset, ...filter }, viewer }) =>
        new JsonText(await service.list(filter, { limit, offset }, viewer?.id)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/articles/feed',
      operation: 'GetArticlesFeed',
      summary: 'Articles of those whom the viewer follows, the newest first',
      viewer: 'required',
      query: z.object(page),
      success: list,
      failures: [401, 422],
      handle: async ({ query, viewer }) => new JsonText(await service.feed(query, viewer.id)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/articles/:slug',
      operation: 'GetArticle',
      summary: 'One article',
      viewer: 'optional',
      params,
      success,
      failures: [401, 404, 422],
      handle: async ({ params, viewer }) => ({ article: await service.find(params.slug, viewer?.id) }),
    }),
  ];
}

function writingRoutes(service: ArticleService): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/api/articles',
      operation: 'CreateArticle',
      summary: 'Write an article; equal titles get different slugs',
      viewer: 'required',
      body: wrapped('article', resource({ ...fields, tagList: tagList.default([]) })),
      success: { ...success, status: 201 },
      failures: [401, 422],
      handle: async ({ body, viewer }) => ({ article: await service.create(body.article, viewer.id) }),
    }),
    defineRoute({
      method: 'put',
      path: '/api/articles/:slug',
      operation: 'UpdateArticle',
      summary: 'Change what is given of an own article; a new title makes a new slug',
      viewer: 'required',
      params,
      body: wrapped('article', z.object({ ...fields, tagList }).partial()),
      success,
      failures: [401, 403, 404, 422],
      handle: async ({ params, body, viewer }) => ({
        article: await service.update(params.slug, body.article, viewer.id),
      }),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/articles/:slug',
      operation: 'DeleteArticle',
      summary: 'Take an own article back, with its comments',
      viewer: 'required',
      params,
      success: { status: 204 },
      failures: [401, 403, 404, 422],
      handle: ({ params, viewer }) => service.remove(params.slug, viewer.id),
    }),
  ];
}

function favoriteRoutes(service: ArticleService): Route[] {
  const path = '/api/articles/:slug/favorite';
  return [
    defineRoute({
      method: 'post',
      path,
      operation: 'CreateArticleFavorite',
      summary: 'Like an article',
      viewer: 'required',
      params,
      success,
      failures: [401, 404, 422],
      handle: async ({ params, viewer }) => ({ article: await service.favorite(params.slug, viewer.id) }),
    }),
    defineRoute({
      method: 'delete',
      path,
      operation: 'DeleteArticleFavorite',
      summary: 'Like an article no longer',
      viewer: 'required',
      params,
      success,
      failures: [401, 404, 422],
      handle: async ({ params, viewer }) => ({ article: await service.unfavorite(params.slug, viewer.id) }),
    }),
  ];
}
