import type * as z from 'zod';
import { parseInput } from './input.ts';

/** Somebody who has shown a valid token. */
export interface Viewer {
  /** UUID of the user. */
  id: string;
}

/** What a request brings, before anything of it is checked except its token. */
export interface RawInput {
  params: unknown;
  query: unknown;
  body: unknown;
  viewer: Viewer | undefined;
  /** Address of the client, as the proxies that are trusted say. */
  clientAddress: string;
}

type ViewerNeed = 'none' | 'optional' | 'required';
type ViewerOf<Need extends ViewerNeed> = Need extends 'required' ? Viewer : Viewer | undefined;
type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A status that a route may answer with besides its success; 400, 405, 413, 415, 429, 500 and 503 are every route's. */
export type FailureStatus = 401 | 403 | 404 | 409 | 422;

interface Facts {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Written in full, because it is also the `route` label of the metrics. */
  readonly path: string;
  /** The name in the OpenAPI document. */
  readonly operation: string;
  readonly summary: string;
  readonly success: { readonly status: 200 | 201 | 204; readonly body?: z.ZodType };
  readonly failures: readonly FailureStatus[];
}

interface Definition<Need extends ViewerNeed, Params, Query, Body> extends Facts {
  readonly viewer: Need;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  handle(input: {
    params: Output<Params>;
    query: Output<Query>;
    body: Output<Body>;
    viewer: ViewerOf<Need>;
    clientAddress: string;
  }): Promise<unknown>;
}

/** One route as data: the router is built from it, and so is the OpenAPI document; neither can say what the other does not. */
export interface Route extends Facts {
  readonly viewer: ViewerNeed;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** @returns the body of the answer, or `JsonText`; nothing for 204 */
  run(input: RawInput): Promise<unknown>;
}

/** A body that is JSON text already, out of a cache. */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Declares a route. Path, query and body are checked in this order, before `handle` sees them.
 *
 * @throws {HttpError} 422 from `run` for input that does not fit
 */
export function defineRoute<
  Need extends ViewerNeed,
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(definition: Definition<Need, Params, Query, Body>): Route {
  const { params, query, body, handle, ...facts } = definition;
  return {
    ...facts,
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    run: async (raw) =>
      handle({
        params: parseInput(params, raw.params, 'invalid_path') as Output<Params>,
        query: parseInput(query, raw.query, 'invalid_query') as Output<Query>,
        body: parseInput(body, raw.body, 'invalid_body') as Output<Body>,
        viewer: raw.viewer as ViewerOf<Need>,
        clientAddress: raw.clientAddress,
      }),
  };
}
