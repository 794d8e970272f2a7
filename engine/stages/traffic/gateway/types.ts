import type { KindMap } from '#kube/kinds.ts';

export type HttpRoute = KindMap['HTTPRoute.gateway.networking.k8s.io'];
export type Gateway = KindMap['Gateway.gateway.networking.k8s.io'];
export type GatewayClass = KindMap['GatewayClass.gateway.networking.k8s.io'];
export type ReferenceGrant = KindMap['ReferenceGrant.gateway.networking.k8s.io'];
export type Namespace = KindMap['Namespace'];

export type Rule = NonNullable<HttpRoute['spec']['rules']>[number];
export type Filter = NonNullable<Rule['filters']>[number];
export type BackendRef = NonNullable<Rule['backendRefs']>[number];
export type ParentRef = NonNullable<HttpRoute['spec']['parentRefs']>[number];
export type Listener = Gateway['spec']['listeners'][number];

export const GATEWAY_GROUP = 'gateway.networking.k8s.io';
/** How this engine signs the statuses it writes. */
export const CONTROLLER_NAME = 'pern-gitops.dev/gateway';

/** One condition of a status, before it has a time. */
export interface Verdict {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
}

export function verdict(type: string, reason: string, message = '', isGood = message === ''): Verdict {
  return { type, status: isGood ? 'True' : 'False', reason, message };
}
