import type { ErrorRequestHandler, RequestHandler } from 'express';
import { errorBody, errorHeaders, HttpError, INTERNAL_ERROR } from '../../operations/errors.ts';
import type { Logger } from '../../operations/logging.ts';

export const BODY_BYTES_MAX = 64 * 1024;

/** `what` is the resource: `article`, `comment`, `profile`. */
export const notFound = (what: string) => new HttpError(404, 'not_found', { [what]: ['not found'] });
export const forbidden = (what: string) => new HttpError(403, 'forbidden', { [what]: ['forbidden'] });
export const unauthorized = (code: string, message: string) =>
  new HttpError(401, code, { token: [message] }, { headers: { 'WWW-Authenticate': 'Token' } });
/** The token is fine, but whom it names is not there. */
export const unknownViewer = () => unauthorized('unknown_user', 'names nobody');

/** @throws {HttpError} 404 when there is no such thing */
export function found<T>(what: string, value: T | undefined): T {
  if (value === undefined) throw notFound(what);
  return value;
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
export const noSuchPath: RequestHandler = () => {
  throw notFound('path');
};

export const requireJson: RequestHandler = (request, _response, next) => {
  if (request.headers['content-type'] === undefined || request.is('application/json') === false) {
    throw new HttpError(415, 'unsupported_media_type', { body: ['must be sent as application/json'] });
  }
  next();
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
