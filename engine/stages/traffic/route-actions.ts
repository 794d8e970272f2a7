import type { HeaderChanges, PathChange, Route, RouteActions } from '#machine/traffic.ts';

export type HeaderValues = Record<string, string | string[]>;
export type RedirectAction = NonNullable<RouteActions['redirect']>;

/** Path and query of a request target; the query without its question mark. */
export function splitUrl(url: string): { path: string; query: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** Headers, by lower-case name, after an HTTPRoute's header modifier: set, then add, then remove. */
export function changedHeaders(headers: HeaderValues, changes: HeaderChanges | undefined): HeaderValues {
  if (changes === undefined) return headers;
  const changed: HeaderValues = { ...headers, ...changes.set };
  for (const [name, value] of Object.entries(changes.add)) {
    const before = changed[name];
    changed[name] = before === undefined ? value : [before, value].flat();
  }
  for (const name of changes.remove) delete changed[name];
  return changed;
}

/** The path and query that a request goes on with. */
export function rewrittenUrl(url: string, route: Route): string {
  const change = route.actions?.rewrite?.path;
  return change === undefined ? url : withPath(url, route, change);
}

function withPath(url: string, route: Route, change: PathChange): string {
  const { path, query } = splitUrl(url);
  const tail = query === '' && !url.endsWith('?') ? '' : `?${query}`;
  return `${change.kind === 'full' ? change.path : replacedPrefix(path, route.path, change.path)}${tail}`;
}

/** `/foo/bar` with prefix `/foo` replaced by `/xyz` is `/xyz/bar`; slashes at the seam are one. */
function replacedPrefix(path: string, prefix: string, replacement: string): string {
  const rest = path.slice(prefix.replace(/\/$/, '').length).replace(/^\//, '');
  const start = replacement.replace(/\/$/, '');
  if (rest !== '') return `${start}/${rest}`;
  return start === '' ? '/' : replacement;
}

/** Where a redirect leads: the request's own address, with what the redirect changes of it. */
export function redirectLocation(to: RedirectAction, route: Route, host: string, url: string): string {
  const [name = '', ownPort] = host.split(':');
  const scheme = to.scheme ?? 'http';
  const usual = scheme === 'https' ? 443 : 80;
  // Without a port of its own, a redirect that names a scheme goes to that scheme's port.
  const port = to.port ?? (to.scheme === undefined ? Number(ownPort ?? usual) : usual);
  const path = to.path === undefined ? url : withPath(url, route, to.path);
  return `${scheme}://${to.hostname ?? name}${port === usual ? '' : `:${port}`}${path}`;
}
