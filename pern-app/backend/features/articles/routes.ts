import { json, type RequestHandler, Router } from 'express';
import * as z from 'zod';
import { HttpError } from '../../../operations/errors.ts';
import { methodNotAllowed, parseInput } from '../../requests.ts';
import type { ArticleService } from './service.ts';
import type { Article } from './store.ts';

const BODY_BYTES_MAX = 64 * 1024;

/** PostgreSQL cannot store the character NUL in text. */
const text = (lengthMax: number) =>
  z
    .string({ error: (issue) => (issue.input === undefined ? "can't be blank" : 'must be text') })
    .trim()
    .min(1, "can't be blank")
    .max(lengthMax, `is too long (at most ${lengthMax} characters)`)
    .refine((value) => !value.includes('\0'), 'must not contain the character NUL');

const newArticle = z.strictObject({ title: text(200), body: text(20_000), author: text(80) });

const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string(message)
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .pipe(z.number().min(min, message).max(max, message));
};

const pageQuery = z.object({
  limit: wholeNumber(1, 100).default(20),
  offset: wholeNumber(0, 1_000_000).default(0),
});

const idParameter = z.object({ id: wholeNumber(1, Number.MAX_SAFE_INTEGER) });

/**
 * The routes of the feature. Paths are written in full because they are also the `route` label of the metrics.
 *
 * @param guard runs first on every route; faults are injected there
 */
export function articleRoutes(service: ArticleService, guard: RequestHandler): Router {
  const router = Router();
  const body: RequestHandler[] = [requireJson, json({ limit: BODY_BYTES_MAX })];

  router
    .route('/api/articles')
    .all(guard)
    .get(async (request, response) => {
      response.json(await service.list(parseInput(pageQuery, request.query, 'invalid_query')));
    })
    .post(...body, async (request, response) => {
      const article = await service.create(parseInput(newArticle, request.body, 'invalid_body'));
      response.status(201).location(`/api/articles/${article.id}`).json({ article });
    })
    .all(methodNotAllowed('GET, HEAD, POST'));

  router
    .route('/api/articles/:id')
    .all(guard)
    .get(async (request, response) => {
      response.json({ article: found(await service.find(parseId(request.params))) });
    })
    .delete(async (request, response) => {
      if (!(await service.remove(parseId(request.params)))) throw notFound();
      response.status(204).end();
    })
    .all(methodNotAllowed('GET, HEAD, DELETE'));

  router
    .route('/api/articles/:id/like')
    .all(guard)
    .post(async (request, response) => {
      response.json({ article: found(await service.like(parseId(request.params))) });
    })
    .all(methodNotAllowed('POST'));

  return router;
}

const parseId = (parameters: unknown): number => parseInput(idParameter, parameters, 'invalid_path').id;

const notFound = () => new HttpError(404, 'not_found', { article: ['not found'] });

function found(article: Article | undefined): Article {
  if (article === undefined) throw notFound();
  return article;
}

const requireJson: RequestHandler = (request, _response, next) => {
  if (request.is('application/json') === false || request.headers['content-type'] === undefined) {
    throw new HttpError(415, 'unsupported_media_type', { body: ['must be sent as application/json'] });
  }
  next();
};
