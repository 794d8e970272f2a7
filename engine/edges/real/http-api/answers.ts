import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '#api/errors.ts';
import { partialMetadata, type TableOptions, tableOf } from '#api/tables/table.ts';
import { apiVersionOf, type ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';

/** The shape a client wants objects in, from its Accept header. */
export type Shape = 'object' | 'table' | 'metadata';

interface MediaRange {
  type: string;
  parameters: ReadonlyMap<string, string>;
}

/** The media ranges of an Accept header, in the order given (Kubernetes clients do not use q). */
export function mediaRanges(request: IncomingMessage): MediaRange[] {
  const accept = request.headers.accept ?? '*/*';
  return accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    return {
      type: type.toLowerCase(),
      parameters: new Map(parameters.map((text) => text.split('=', 2) as [string, string])),
    };
  });
}

/** Throws ApiError NotAcceptable when the client takes neither JSON nor a JSON form of a table or metadata. */
export function negotiateShape(request: IncomingMessage): Shape {
  for (const { type, parameters } of mediaRanges(request)) {
    if (!['application/json', 'application/*', '*/*', ''].includes(type)) continue;
    const as = parameters.get('as');
    if (as === undefined) return 'object';
    if (as === 'Table' && parameters.get('g') === 'meta.k8s.io' && parameters.get('v') === 'v1') return 'table';
    if (as.startsWith('PartialObjectMetadata') && parameters.get('v') === 'v1') return 'metadata';
  }
  throw new ApiError(
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io',
  );
}

/** How `?includeObject=` wants the objects of table rows. */
export function includeObjectOf(url: URL): TableOptions['includeObject'] {
  const value = url.searchParams.get('includeObject') ?? 'Metadata';
  if (value === 'Metadata' || value === 'Object' || value === 'None') return value;
  throw new ApiError('BadRequest', `unknown includeObject value: "${value}" (use Metadata, Object or None)`);
}

/** One object in the shape asked for. */
export function shapeObject(shape: Shape, kind: ResourceKind, object: KubeObject, options: TableOptions): unknown {
  switch (shape) {
    case 'object':
      return object;
    case 'metadata':
      return partialMetadata(object);
    case 'table':
      return tableOf(kind, [object], { resourceVersion: object.metadata.resourceVersion }, options);
  }
}

/** A list in the shape asked for. */
export function shapeList(
  shape: Shape,
  kind: ResourceKind,
  items: readonly KubeObject[],
  metadata: Record<string, unknown>,
  options: TableOptions,
): unknown {
  switch (shape) {
    case 'object':
      return { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items };
    case 'metadata':
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: items.map(partialMetadata),
      };
    case 'table':
      return tableOf(kind, items, metadata, options);
  }
}

export function sendJson(
  response: ServerResponse,
  code: number,
  value: unknown,
  contentType = 'application/json',
): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`, 'utf8');
  response.writeHead(code, { 'content-type': contentType, 'content-length': body.length });
  response.end(body);
}

export function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(text);
}

/** Any error as a Status. What is no ApiError is a fault of ours: its text goes to `onFault`, not to the client. */
export function sendError(response: ServerResponse, error: unknown, onFault: (error: unknown) => void): void {
  const known = error instanceof ApiError ? error : undefined;
  if (known === undefined) onFault(error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status =
    known ?? new ApiError('InternalError', 'Internal error occurred: the engine could not carry out the request');
  if (status.code === 429) response.setHeader('retry-after', '1');
  // A body that was not read to its end would be taken for the next request of the connection.
  if (status.code === 413) response.setHeader('connection', 'close');
  sendJson(response, status.code, status.toStatus());
}
