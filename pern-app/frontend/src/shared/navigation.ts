import type { Location } from 'react-router';

/** A path of our own, never another origin: `//host` and `/\host` would leave the site. */
export function isOwnPath(path: unknown): path is string {
  return typeof path === 'string' && /^\/(?![/\\])/.test(path);
}

/** Where to go after signing in: where the reader came from, else the home page. */
export function returnPath(location: Pick<Location, 'state' | 'search'>): string {
  const { state } = location;
  const from: unknown = typeof state === 'object' && state !== null && 'from' in state ? state.from : undefined;
  const next = new URLSearchParams(location.search).get('next');
  return [from, next].find(isOwnPath) ?? '/';
}

/** The state that brings a reader back to `location` after signing in. */
export function comingFrom({ pathname, search }: Pick<Location, 'pathname' | 'search'>): { from: string } {
  return { from: `${pathname}${search}` };
}
