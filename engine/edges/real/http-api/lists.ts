import { ApiError } from '#api/errors.ts';
import { parseSelection } from '#api/selection.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import type { Target } from './request-target.ts';

export interface ListAnswer {
  items: readonly KubeObject[];
  metadata: Record<string, unknown>;
}

interface Snapshot {
  /** Whoever made the list: another's token must not open it. */
  viewer: string;
  items: readonly KubeObject[];
  resourceVersion: string;
}

const SNAPSHOTS_MAX = 64;

/** Whose list it is, and what of it they see. */
export interface Viewer {
  name: string;
  mayRead(object: KubeObject): boolean;
}

/**
 * Lists with pages (kubernetes-api.md §9.1, §9.4). All pages of a list show the state of its first page; snapshots hold
 * references to frozen objects, the oldest go first, and a page whose snapshot is gone is answered with 410.
 */
export class Lists {
  readonly #objects: Reader;
  readonly #snapshots = new Map<string, Snapshot>();
  #sequence = 0;

  constructor(objects: Reader) {
    this.#objects = objects;
  }

  list(target: Target, query: URLSearchParams, viewer: Viewer): ListAnswer {
    checkListOptions(query);
    const limit = wholeNumber(query, 'limit') ?? 0;
    const token = query.get('continue') ?? '';
    if (token !== '') return this.#page(parseToken(token), limit, viewer);
    this.#checkVersion(query);
    const items = this.select(target, query).filter((object) => viewer.mayRead(object));
    const resourceVersion = String(this.#objects.resourceVersion);
    if (limit === 0 || items.length <= limit) return { items, metadata: { resourceVersion } };
    const id = String(++this.#sequence);
    this.#keep(id, { items, resourceVersion, viewer: viewer.name });
    const hasSelector = (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== '';
    return this.#page({ id, start: 0, counted: !hasSelector }, limit, viewer);
  }

  /** The objects a request selects: name in the URL, namespace, labels, fields. */
  select(target: Target, query: URLSearchParams): readonly KubeObject[] {
    const { kind, namespace } = target;
    const labelSelector = query.get('labelSelector') ?? '';
    const fieldSelector = query.get('fieldSelector') ?? '';
    const all = this.#objects.list(kind.id, namespace) as readonly KubeObject[];
    if (labelSelector === '' && fieldSelector === '') return all;
    const selected = parseSelection(kind, labelSelector, fieldSelector);
    return all.filter(selected);
  }

  #page({ id, start, counted }: PageToken, limit: number, viewer: Viewer): ListAnswer {
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined || snapshot.viewer !== viewer.name) {
      throw new ApiError(
        'Expired',
        'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
      );
    }
    const { resourceVersion } = snapshot;
    const end = limit === 0 ? snapshot.items.length : Math.min(start + limit, snapshot.items.length);
    const remaining = snapshot.items.length - end;
    if (remaining === 0) {
      this.#snapshots.delete(id);
      return { items: snapshot.items.slice(start, end), metadata: { resourceVersion } };
    }
    return {
      items: snapshot.items.slice(start, end),
      metadata: {
        resourceVersion,
        continue: formatToken({ id, start: end, counted }),
        ...(counted ? { remainingItemCount: remaining } : {}),
      },
    };
  }

  #keep(id: string, snapshot: Snapshot): void {
    this.#snapshots.set(id, snapshot);
    const [oldest] = this.#snapshots.keys();
    if (this.#snapshots.size > SNAPSHOTS_MAX && oldest !== undefined) this.#snapshots.delete(oldest);
  }

  /** An exact version other than the current one is no longer held. */
  #checkVersion(query: URLSearchParams): void {
    const wanted = wholeNumber(query, 'resourceVersion');
    if (query.get('resourceVersionMatch') !== 'Exact' || wanted === undefined) return;
    if (wanted < this.#objects.resourceVersion) {
      throw new ApiError('Expired', 'The resourceVersion for the provided list is too old.');
    }
  }
}

interface PageToken {
  id: string;
  start: number;
  counted: boolean;
}

function formatToken(token: PageToken): string {
  return Buffer.from(JSON.stringify(token), 'utf8').toString('base64url');
}

function parseToken(text: string): PageToken {
  try {
    const { id, start, counted } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as PageToken;
    if (typeof id === 'string' && Number.isInteger(start) && start >= 0)
      return { id, start, counted: counted === true };
  } catch {
    // Falls through to the refusal: the token is not one of ours.
  }
  throw new ApiError('BadRequest', 'continue key is not valid');
}

/** A query parameter that must be a whole number of zero or more; undefined when it is absent or empty. */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ApiError('BadRequest', `${name}: Invalid value: "${text}": must be a whole number of zero or more`);
}

export function isTrue(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== 'false' && text !== '0';
}

function forbiddenOption(field: string, why: string): ApiError {
  return new ApiError('Invalid', `ListOptions.meta.k8s.io "" is invalid: ${field}: Forbidden: ${why}`, {
    group: 'meta.k8s.io',
    kind: 'ListOptions',
    causes: [{ reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field }],
  });
}

/** kubernetes-api.md §9.2, "Validation rules". */
function checkListOptions(query: URLSearchParams): void {
  if (query.has('sendInitialEvents'))
    throw forbiddenOption('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  const match = query.get('resourceVersionMatch') ?? '';
  if (match === '') return;
  if (match !== 'NotOlderThan' && match !== 'Exact') {
    throw new ApiError(
      'Invalid',
      `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "${match}": supported values: "Exact", "NotOlderThan"`,
    );
  }
  if ((query.get('resourceVersion') ?? '') === '') {
    throw forbiddenOption(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  }
}

export function checkWatchOptions(query: URLSearchParams): { withInitialEvents: boolean } {
  const withInitialEvents = isTrue(query, 'sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  if (withInitialEvents && match !== 'NotOlderThan') {
    throw forbiddenOption(
      'resourceVersionMatch',
      'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    );
  }
  if (!query.has('sendInitialEvents') && match !== '') {
    throw forbiddenOption('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch');
  }
  return { withInitialEvents };
}
