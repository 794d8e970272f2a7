import { json, type Request, type RequestHandler, type Response, Router } from 'express';
import { INJECTED_ERROR } from '../../operations/errors.ts';
import type { FaultInjector } from '../../operations/faults.ts';
import { BODY_BYTES_MAX, methodNotAllowed, requireJson } from './errors.ts';
import type { RateLimits } from './rate-limits.ts';
import { JsonText, type Route, type Viewer } from './route.ts';
import type { Tokens } from './tokens.ts';

export interface RouterDependencies {
  tokens: Tokens;
  limits: RateLimits;
  faults: FaultInjector;
}

/**
 * Express routes for declared ones. Per request: injected faults, the token, the limit of writes, the body, the input, the
 * route itself. HEAD is answered wherever GET is; other methods of a known path get 405.
 */
export function createRouter(routes: readonly Route[], dependencies: RouterDependencies): Router {
  const router = Router({ caseSensitive: true });
  for (const [path, ofPath] of Map.groupBy(routes, (route) => route.path)) {
    const at = router.route(path);
    at.all(faultGuard(dependencies.faults));
    for (const route of ofPath) at[route.method](...handlersOf(route, dependencies));
    const methods = ofPath.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
    at.all(methodNotAllowed(methods.join(', ')));
  }
  return router;
}

function faultGuard(faults: FaultInjector): RequestHandler {
  if (!faults.active) return (_request, _response, next) => next();
  return async (_request, _response, next) => {
    if (await faults.inject()) throw INJECTED_ERROR;
    next();
  };
}

function handlersOf(route: Route, { tokens, limits }: RouterDependencies): RequestHandler[] {
  const viewers = new WeakMap<Request, Viewer>();
  const admit: RequestHandler = async (request, _response, next) => {
    const viewer = await viewerOf(route, tokens, request);
    if (viewer !== undefined) {
      viewers.set(request, viewer);
      if (route.method !== 'get') await limits.admitWrite(viewer.id);
    }
    next();
  };
  const answer: RequestHandler = async (request, response) => {
    const { params, query } = request;
    const body: unknown = request.body;
    const viewer = viewers.get(request);
    send(route, response, await route.run({ params, query, body, viewer, clientAddress: request.ip ?? 'unknown' }));
  };
  const parse = route.body === undefined ? [] : [requireJson, json({ limit: BODY_BYTES_MAX })];
  return route.viewer === 'none' ? [...parse, answer] : [admit, ...parse, answer];
}

async function viewerOf(route: Route, tokens: Tokens, request: Request): Promise<Viewer | undefined> {
  const { authorization } = request.headers;
  if (authorization === undefined && route.viewer === 'optional') return undefined;
  return tokens.verify(authorization);
}

function send(route: Route, response: Response, body: unknown): void {
  response.statusCode = route.success.status;
  if (route.success.status === 204) {
    response.end();
    return;
  }
  const text = body instanceof JsonText ? body.text : JSON.stringify(body);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  // As bytes: Node encodes long text into a buffer much faster than into a socket.
  const bytes = Buffer.from(text);
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}
