import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { z } from 'zod';
import {
  type ErrorMessages,
  errorBody,
  errorHeaders,
  HttpError,
  INJECTED_ERROR,
  INTERNAL_ERROR,
} from '../operations/errors.ts';
import { type Faults, injectFaults } from '../operations/faults.ts';
import type { Logger } from '../operations/logging.ts';

/**
 * Validates something a client sent.
 *
 * @throws {HttpError} 422 with all messages by field
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, code: string): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors: ErrorMessages = {};
  for (const issue of result.error.issues) {
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys.slice(0, 10)) errors[key.slice(0, 100)] = ['is not a known field'];
    else {
      const field = issue.path.length === 0 ? 'body' : issue.path.join('.');
      errors[field] = [...(errors[field] ?? []), issue.path.length === 0 ? 'must be a JSON object' : issue.message];
    }
  }
  throw new HttpError(422, code, errors);
}

/** @param random uniform numbers in [0, 1) */
export function faultGuard(faults: Faults, random: () => number): RequestHandler {
  return async (_request, _response, next) => {
    if (await injectFaults(faults, random)) throw INJECTED_ERROR;
    next();
  };
}

/** Last handler of a route: the path exists, the method does not. */
export function methodNotAllowed(allow: string): RequestHandler {
  return (request) => {
    throw new HttpError(
      405,
      'method_not_allowed',
      { method: [`${request.method} is not allowed here`] },
      { headers: { Allow: allow } },
    );
  };
}

/** Last handler of all: no route has this path. */
export const notFound: RequestHandler = () => {
  throw new HttpError(404, 'not_found', { path: ['not found'] });
};

/** Tells errors to clients as JSON. Only operating errors are told as they are; a programmer error is logged and stays hidden. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const requestId = request.get('x-request-id');
    const known = toHttpError(error);
    if (known === INTERNAL_ERROR) logger.error({ err: error, requestId }, 'unexpected error in a request');
    if (response.headersSent) return next(error);
    response.status(known.status).set(errorHeaders(known)).json(errorBody(known, requestId));
  };
}

const PARSER_ERRORS: Record<string, [status: number, code: string, message: string]> = {
  'entity.parse.failed': [400, 'malformed_json', 'is not valid JSON'],
  'entity.too.large': [413, 'body_too_large', 'is larger than 64 kB'],
  'encoding.unsupported': [415, 'unsupported_media_type', 'has an unsupported content encoding'],
  'charset.unsupported': [415, 'unsupported_media_type', 'has an unsupported character set'],
};

/** Maps what Express and its parsers throw; their messages may quote input or internals, so ours replace them. */
function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (!(error instanceof Error)) return INTERNAL_ERROR;
  const type = 'type' in error && typeof error.type === 'string' ? error.type : '';
  const parser = PARSER_ERRORS[type];
  if (parser !== undefined) return new HttpError(parser[0], parser[1], { body: [parser[2]] }, { cause: error });
  const status = 'status' in error && typeof error.status === 'number' ? error.status : 500;
  if (status < 400 || status > 499) return INTERNAL_ERROR;
  return new HttpError(status, 'bad_request', { request: ['could not be read'] }, { cause: error });
}
