import * as z from 'zod';
import { brokenConstraint } from '../../database.ts';
import { forbidden, found, notFound, unknownViewer } from '../../http/errors.ts';
import { pathText, resource, text, wholeNumber, wrapped } from '../../http/input.ts';
import { defineRoute, type Route } from '../../http/route.ts';
import { profile } from '../profiles/profile.ts';
import type { Comment, CommentStore } from './store.ts';

const comment = z
  .object({ id: z.int(), createdAt: z.iso.datetime(), updatedAt: z.iso.datetime(), body: z.string(), author: profile })
  .meta({ id: 'Comment' });

const params = z.object({ slug: pathText });

export function commentRoutes(store: CommentStore): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/articles/:slug/comments',
      operation: 'GetArticleComments',
      summary: 'Comments of an article, the oldest first',
      viewer: 'optional',
      params,
      success: { status: 200, body: z.object({ comments: z.array(comment) }) },
      failures: [401, 404, 422],
      handle: async ({ params, viewer }) => ({ comments: found('article', await store.list(params.slug, viewer?.id)) }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/articles/:slug/comments',
      operation: 'CreateArticleComment',
      summary: 'Comment on an article',
      viewer: 'required',
      params,
      body: wrapped('comment', resource({ body: text(10_000) })),
      success: { status: 201, body: z.object({ comment }) },
      failures: [401, 404, 422],
      handle: async ({ params, body, viewer }) => ({
        comment: found('article', await create(store, params.slug, viewer.id, body.comment.body)),
      }),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/articles/:slug/comments/:id',
      operation: 'DeleteArticleComment',
      summary: 'Take an own comment back',
      viewer: 'required',
      params: z.object({ slug: pathText, id: wholeNumber(1, Number.MAX_SAFE_INTEGER) }),
      success: { status: 204 },
      failures: [401, 403, 404, 422],
      async handle({ params, viewer }) {
        const outcome = await store.remove(params.slug, params.id, viewer.id);
        if (outcome === 'no article') throw notFound('article');
        if (outcome === 'no comment') throw notFound('comment');
        if (outcome === 'forbidden') throw forbidden('comment');
      },
    }),
  ];
}

async function create(store: CommentStore, slug: string, authorId: string, body: string): Promise<Comment | undefined> {
  try {
    return await store.create(slug, authorId, body);
  } catch (error) {
    throw brokenConstraint(error) === 'comments_author_fkey' ? unknownViewer() : error;
  }
}
