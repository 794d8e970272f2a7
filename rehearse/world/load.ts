import type { LoadProfile } from '../../engine/edges/sim/traffic/simulated-traffic.ts';
import type { Route } from '../../engine/vocabulary/machine/traffic.ts';
import type { TrafficModel } from '../scenario/types.ts';

export const DEFAULT_TRAFFIC: TrafficModel = { requestsPerSecond: 40 };
const HOUR_MS = 3_600_000;

/** Users of the routes of one namespace; `componentOf` names what answers a route. */
export function loadProfiles(
  routes: readonly Route[],
  namespace: string,
  model: TrafficModel,
  componentOf: (service: string) => string | undefined,
): LoadProfile[] {
  const factor = dailyFactor(model.daily);
  const seen = new Set<string>();
  return routes.flatMap((route) => {
    const id = `${route.host}${route.path}`;
    if (route.namespace !== namespace || seen.has(id)) return [];
    seen.add(id);
    const component = componentOf(route.backend.service);
    const rate = model.components?.[component ?? ''] ?? model.requestsPerSecond;
    const host = route.host === '*' || route.host === '' ? 'localhost' : route.host.replace('*', 'any');
    const path = route.pathType === 'Prefix' && route.path !== '/' ? `${route.path.replace(/\/$/, '')}/x` : route.path;
    return [{ host, path, requestsPerSecond: (nowMs: number) => rate * factor(nowMs) }];
  });
}

/** Linear between the hours that are given, round the clock. */
export function dailyFactor(daily: Readonly<Record<string, number>> | undefined): (nowMs: number) => number {
  const points = Object.entries(daily ?? {})
    .map(([hour, factor]) => ({ hour: Number(hour), factor }))
    .filter(({ hour }) => hour >= 0 && hour < 24)
    .sort((a, b) => a.hour - b.hour);
  const [first] = points;
  if (first === undefined) return () => 1;
  return (nowMs) => {
    const hour = (nowMs / HOUR_MS) % 24;
    const before = points.findLast((point) => point.hour <= hour) ?? (points.at(-1) as typeof first);
    const after = points.find((point) => point.hour > hour) ?? first;
    const span = (after.hour - before.hour + 24) % 24 || 24;
    const part = ((hour - before.hour + 24) % 24) / span;
    return before.factor + (after.factor - before.factor) * part;
  };
}
