import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '#api/errors.ts';
import { mediaRanges, sendJson } from './answers.ts';
import {
  aggregatedDiscovery,
  legacyApiVersions,
  legacyGroup,
  legacyGroupList,
  legacyResourceList,
} from './discovery.ts';
import { openApiDocument, openApiIndex } from './openapi.ts';
import { unknownPath } from './request-target.ts';

/** What `/version` says. */
export interface VersionFacts {
  major: string;
  minor: string;
  gitVersion: string;
  gitCommit: string;
}

/** Version, discovery and OpenAPI. Returns false when the path is none of them. */
export function answerMeta(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  version: VersionFacts,
): boolean {
  const path = url.pathname.replace(/\/+$/, '');
  const answer = metaAnswer(request, response, path, version);
  if (answer === undefined) return false;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new ApiError('MethodNotAllowed', `${request.method} is not supported on ${path}`);
  }
  answer();
  return true;
}

function metaAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  version: VersionFacts,
): (() => void) | undefined {
  const json = (value: unknown) => () => sendJson(response, 200, value);
  switch (path) {
    case '':
      return json({
        paths: ['/api', '/apis', '/healthz', '/livez', '/openapi/v2', '/openapi/v3', '/readyz', '/version'],
      });
    case '/version':
      return json({
        ...version,
        gitTreeState: 'clean',
        goVersion: process.version,
        compiler: 'node',
        platform: `${process.platform}/${process.arch}`,
      });
    case '/api':
    case '/apis':
      return () => sendGroups(request, response, path === '/api');
    case '/openapi/v2':
      return () => {
        response.writeHead(200, { 'content-type': 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' });
        response.end();
      };
    case '/openapi/v3':
      return json(openApiIndex());
  }
  const [, root, first, second, third, ...more] = path.split('/');
  if (root === 'openapi' && first === 'v3' && more.length <= 1) {
    const document = second === 'api' ? openApiDocument('', third ?? '') : openApiDocument(third ?? '', more[0] ?? '');
    return found(document, response);
  }
  if (root === 'api' && second === undefined) return found(legacyResourceList('', first ?? ''), response);
  if (root !== 'apis' || third !== undefined) return undefined;
  return found(second === undefined ? legacyGroup(first ?? '') : legacyResourceList(first ?? '', second), response);
}

function found(value: unknown, response: ServerResponse): () => void {
  return () => {
    if (value === undefined) throw unknownPath();
    sendJson(response, 200, value);
  };
}

function sendGroups(request: IncomingMessage, response: ServerResponse, core: boolean): void {
  for (const { type, parameters } of mediaRanges(request)) {
    const version = parameters.get('v') ?? '';
    if (type !== 'application/json' || parameters.get('as') !== 'APIGroupDiscoveryList') continue;
    if (version !== 'v2' && version !== 'v2beta1') continue;
    const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    sendJson(response, 200, aggregatedDiscovery(core, version), contentType);
    return;
  }
  sendJson(response, 200, core ? legacyApiVersions(request.headers.host ?? '127.0.0.1') : legacyGroupList());
}
