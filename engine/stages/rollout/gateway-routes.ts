import { deepEqual } from '#core/json.ts';
import { computeMergePatch } from '#kube/merge-patch.ts';
import type { HttpRoute } from '../traffic/gateway/types.ts';
import { checkedUses, gatewayNamespace, type RouteIntent, RouterError, steerRoute } from './gateway-api.ts';
import type { Pass } from './pass.ts';

/**
 * Brings the HTTPRoutes of the Gateway API plugin to what the pass wants, each with one patch, so that no request sees half
 * of it. Returns what stands in the way, or undefined; nothing is changed then.
 */
export function planHttpRoutes(pass: Pass, intent: RouteIntent): string | undefined {
  const { rollout, observation, draft } = pass;
  try {
    const patches = checkedUses(rollout, observation.httpRoutes).map((use) => {
      const route = observation.httpRoutes.find(({ metadata }) => metadata.name === use.name);
      if (route === undefined) {
        const message = `httproutes.gateway.networking.k8s.io "${use.name}" not found`;
        throw new RouterError(`failed to set weight via plugin: ${message}`);
      }
      return { name: use.name, patch: patchOf(route, steerRoute(rollout, route, use, intent)) };
    });
    for (const { name, patch } of patches) {
      const target = { kind: 'HTTPRoute.gateway.networking.k8s.io', namespace: gatewayNamespace(rollout), name };
      if (patch !== undefined) draft.add({ effect: 'patch', target, patch });
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof RouterError)) throw error;
    return error.message;
  }
}

function patchOf(
  route: HttpRoute,
  { labels, rules }: ReturnType<typeof steerRoute>,
): Record<string, unknown> | undefined {
  const before = { metadata: { labels: route.metadata.labels }, spec: { rules: route.spec.rules } };
  const after = { metadata: { labels }, spec: { rules } };
  return deepEqual(before, after) ? undefined : computeMergePatch(before, after);
}
