import { isRecord } from '#core/json.ts';
import { changed, changedEach, type Members, mapOf, under } from './members.ts';

/** Everything but the addresses, which are allocated. */
export function defaultService(spec: Members): Members {
  const type = spec.type ?? 'ClusterIP';
  const filled = under(spec, { type, sessionAffinity: 'None', internalTrafficPolicy: 'Cluster' });
  const ports = changedEach(filled, 'ports', (port) => under(port, { protocol: 'TCP', targetPort: port.port }));
  const affinity =
    ports.sessionAffinity === 'ClientIP'
      ? under(ports, { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } })
      : ports;
  if (type === 'ExternalName') return without(affinity, 'internalTrafficPolicy');
  const external = type === 'NodePort' || type === 'LoadBalancer' ? { externalTrafficPolicy: 'Cluster' } : {};
  return under(affinity, {
    ...external,
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  });
}

function without(map: Members, key: string): Members {
  const { [key]: _gone, ...rest } = map;
  return rest;
}

/** `stringData` is written into `data`, base64, and goes. */
export function defaultSecret(secret: Members): Members {
  const { stringData, ...rest } = under(secret, { type: 'Opaque' });
  if (!isRecord(stringData)) return rest;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, base64(String(text))]);
  return { ...rest, data: { ...mapOf(rest.data), ...Object.fromEntries(encoded) } };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

export function defaultClaim(claim: Members): Members {
  return {
    ...claim,
    spec: under(mapOf(claim.spec), { volumeMode: 'Filesystem' }),
    status: under(mapOf(claim.status), { phase: 'Pending' }),
  };
}

const SCALE_POLICY = [{ type: 'Percent', value: 100, periodSeconds: 15 }];

export function defaultAutoscaler(spec: Members): Members {
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };
  const metrics = Array.isArray(spec.metrics) && spec.metrics.length > 0 ? spec.metrics : [cpu];
  const filled = under({ ...spec, metrics }, { minReplicas: 1 });
  return changed(filled, 'behavior', (behavior) => ({
    ...behavior,
    scaleUp: under(mapOf(behavior.scaleUp), {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, ...SCALE_POLICY],
    }),
    scaleDown: under(mapOf(behavior.scaleDown), { selectPolicy: 'Max', policies: SCALE_POLICY }),
  }));
}

export function defaultNetworkPolicy(spec: Members): Members {
  const port = (rule: Members) => changedEach(rule, 'ports', (value) => under(value, { protocol: 'TCP' }));
  const hasEgress = Array.isArray(spec.egress) && spec.egress.length > 0;
  const ruled = changedEach(changedEach(spec, 'ingress', port), 'egress', port);
  return under(ruled, { podSelector: {}, policyTypes: hasEgress ? ['Ingress', 'Egress'] : ['Ingress'] });
}

/** Container limits: the default limit is the maximum, the default request is the default limit, else the minimum. */
export function defaultLimitRange(spec: Members): Members {
  return changedEach(spec, 'limits', (limit) => {
    if (limit.type !== 'Container') return limit;
    const limits = { ...mapOf(limit.max), ...mapOf(limit.default) };
    const requests = { ...mapOf(limit.min), ...limits, ...mapOf(limit.defaultRequest) };
    const filled = { ...limit, default: limits, defaultRequest: requests };
    return Object.fromEntries(
      Object.entries(filled).filter(([, value]) => !isRecord(value) || Object.keys(value).length > 0),
    );
  });
}

const RBAC_GROUP = 'rbac.authorization.k8s.io';

export function defaultBinding(binding: Members): Members {
  const referenced = changed(binding, 'roleRef', (ref) =>
    ref.apiGroup === undefined || ref.apiGroup === '' ? { ...ref, apiGroup: RBAC_GROUP } : ref,
  );
  return changedEach(referenced, 'subjects', (subject) =>
    subject.kind === 'User' || subject.kind === 'Group' ? under(subject, { apiGroup: RBAC_GROUP }) : subject,
  );
}
