import { type Condition, findCondition } from '../conditions.ts';
import type { KubeObject } from '../object.ts';
import { type Health, health } from './status.ts';

/** What a list of Gateway API conditions comes to; undefined when nothing stands in the way. */
function conditionsHealth(conditions: readonly Condition[], prefix: string, kind: string): Health | undefined {
  for (const type of ['ResolvedRefs', 'Accepted']) {
    const condition = findCondition(conditions, type);
    if (condition?.status !== 'False') continue;
    return health('Degraded', `${prefix}${condition.message ?? `Failed condition: ${type}`}`);
  }
  const programmed = findCondition(conditions, 'Programmed');
  if (programmed === undefined || programmed.status === 'True') return undefined;
  return health('Progressing', `${prefix}${programmed.message ?? `${kind} is still being programmed`}`);
}

interface GatewayStatus {
  conditions?: Condition[];
  listeners?: { conditions?: Condition[] }[];
}

export function gatewayHealth({ status }: KubeObject): Health {
  const { conditions, listeners = [] } = (status ?? {}) as GatewayStatus;
  if (conditions === undefined && listeners.length === 0) return health('Progressing', 'Waiting for Gateway status');
  const problems = [
    conditionsHealth(conditions ?? [], '', 'Gateway'),
    ...listeners.map((listener) => conditionsHealth(listener.conditions ?? [], 'Listener: ', 'Listener')),
  ];
  return problems.find((problem) => problem !== undefined) ?? health('Healthy', 'Gateway is healthy');
}

interface ParentStatus {
  parentRef?: { name?: string };
  conditions?: Condition[];
}

/** Parents that speak of an earlier generation do not count. */
export function httpRouteHealth({ metadata, status }: KubeObject): Health {
  const parents = ((status as { parents?: ParentStatus[] } | undefined)?.parents ?? []).filter(
    ({ conditions = [] }) =>
      conditions.length > 0 &&
      conditions.every(
        ({ observedGeneration }) => observedGeneration === undefined || observedGeneration === metadata.generation,
      ),
  );
  if (parents.length === 0) return health('Progressing', 'Waiting for HTTPRoute status');
  const problems = parents.map(({ parentRef, conditions = [] }) =>
    conditionsHealth(conditions, `Parent ${parentRef?.name ?? ''}: `, 'Route'),
  );
  return problems.find((problem) => problem !== undefined) ?? health('Healthy', 'HTTPRoute is healthy');
}

export function gatewayClassHealth({ metadata, status }: KubeObject): Health {
  const accepted = findCondition((status as { conditions?: Condition[] } | undefined)?.conditions, 'Accepted');
  const isCurrent = accepted?.observedGeneration === undefined || accepted.observedGeneration === metadata.generation;
  if (accepted === undefined || !isCurrent) return health('Progressing', 'Waiting for GatewayClass status');
  if (accepted.status === 'True') return health('Healthy', accepted.message ?? 'GatewayClass is accepted');
  if (accepted.status === 'False') return health('Degraded', accepted.message ?? 'GatewayClass is not accepted');
  return health('Progressing', accepted.message ?? 'Waiting for GatewayClass status');
}
