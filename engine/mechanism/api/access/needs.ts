import type { Request } from '#lib/rbac/enforcer.ts';

/**
 * What a request needs: every one of `all`. `closed` is a sentence when policies cannot give it: only the cluster's
 * administrator may, with the reason.
 */
export interface Needs {
  all: readonly Request[];
  closed?: string;
}

export const NOTHING: Needs = { all: [] };

export function need(resource: string, action: string, object: string): Request {
  return { resource, action, object };
}

export function closed(why: string): Needs {
  return { all: [], closed: why };
}

export function both(...parts: readonly Needs[]): Needs {
  const reason = parts.find((part) => part.closed !== undefined)?.closed;
  return { all: parts.flatMap((part) => part.all), ...(reason === undefined ? {} : { closed: reason }) };
}

/** One write as policies see it. `before` is undefined for a create, `after` for a delete. */
export interface Change {
  before: Readonly<Record<string, unknown>> | undefined;
  after: Readonly<Record<string, unknown>> | undefined;
}
