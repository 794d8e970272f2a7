import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '#api/errors.ts';
import { isRecord } from '#core/json.ts';
import { parseJson, readBody } from '#edges/real/http-api/body.ts';
import { BuildError, type BuildRequest, type BuildResult } from './image-builds.ts';

const BODY_BYTES_MAX = 64 * 1024;

export interface PernRoutes {
  info: () => Promise<Record<string, unknown>>;
  build: (request: BuildRequest) => Promise<BuildResult>;
}

/** The engine's own routes beside the Kubernetes API: `/pern/v1/info` and `/pern/v1/builds`. False for other paths. */
export function servePern(routes: PernRoutes, request: IncomingMessage, response: ServerResponse): boolean {
  const path = (request.url ?? '').split('?', 1)[0];
  if (path === '/pern/v1/info' && request.method === 'GET') {
    answer(response, routes.info());
    return true;
  }
  if (path !== '/pern/v1/builds' || request.method !== 'POST') return false;
  answer(
    response,
    readJson(request).then((body) => routes.build(parseBuild(body))),
  );
  return true;
}

function answer(response: ServerResponse, result: Promise<object>): void {
  result.then(
    (value) => send(response, 200, value),
    (error: unknown) => {
      const status = toStatus(error);
      send(response, status.code, status.toStatus());
    },
  );
}

function toStatus(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof BuildError) return new ApiError('BadRequest', error.message);
  return new ApiError(
    'InternalError',
    `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
  );
}

/** The body of a build request. Versions become folder names and tags, so they are held to an image tag's alphabet. */
export function parseBuild(body: unknown): BuildRequest {
  if (!isRecord(body)) throw new ApiError('BadRequest', 'the body must be a JSON object');
  const { component, version, faults, replace } = body;
  if (typeof component !== 'string' || component === '')
    throw new ApiError('BadRequest', 'component: a name is required');
  if (typeof version !== 'string' || !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(version)) {
    throw new ApiError(
      'BadRequest',
      'version: an image tag is required: letters, digits, "_", "." and "-", 128 at most',
    );
  }
  if (faults !== undefined && typeof faults !== 'string') throw new ApiError('BadRequest', 'faults: text is required');
  return { component, version, ...(faults === undefined ? {} : { faults }), replace: replace === true };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  return parseJson(await readBody(request, BODY_BYTES_MAX));
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
