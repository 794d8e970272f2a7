import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBody, errorHeaders, type HttpError } from '../operations/errors.ts';
import type { StaticFile } from './files.ts';

/** Sends a file, compressed for those who ask; 304 to those who have it. */
export function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  const headers: Record<string, string> = { ETag: file.etag, 'Cache-Control': file.cacheControl };
  if (file.gzipped !== undefined) headers.Vary = 'Accept-Encoding';
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.some((tag) => tag === file.etag || tag === '*')) {
    response.writeHead(304, headers).end();
    return;
  }
  const compress =
    file.gzipped !== undefined && /\bgzip\b(?!;q=0(\.0*)?(,|$))/.test(String(request.headers['accept-encoding'] ?? ''));
  if (compress) headers['Content-Encoding'] = 'gzip';
  const body = compress && file.gzipped ? file.gzipped : file.bytes;
  send(request, response, 200, { ...headers, 'Content-Type': file.type }, body);
}

/** Sends JSON that must not be cached. */
export function sendJson(request: IncomingMessage, response: ServerResponse, value: unknown): void {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  send(request, response, 200, headers, `${JSON.stringify(value)}\n`);
}

/** Sends an error in the one shape of this application. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: HttpError): void {
  const requestId = request.headers['x-request-id'];
  const body = errorBody(error, typeof requestId === 'string' ? requestId : undefined);
  const headers = { ...errorHeaders(error), 'Content-Type': 'application/json' };
  send(request, response, error.status, headers, `${JSON.stringify(body)}\n`);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) });
  response.end(request.method === 'HEAD' ? undefined : body);
}
