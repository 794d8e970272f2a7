import { describe, expect, it } from 'vitest';
import { NAMESPACE, SERVICE, workload } from '../testing/objects.ts';
import { brief, findingsOf } from '../testing/tree.ts';
import { NETWORK } from './network.ts';

/** Network findings without their place, and the first line of each. */
const found = (files: Record<string, string>) =>
  brief(findingsOf(files, NETWORK)).map((line) => line.replace(/:\d+:\d+ /, ' '));

const policy = (name: string, spec: string) =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: ${name}\n  namespace: shop\nspec: ${spec}\n`;

const DENY = policy('default-deny', '{podSelector: {}, policyTypes: [Ingress, Egress]}');
const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {name: http}}}
`;
const MONITOR = `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: web
  namespace: shop
spec:
  selector: {matchLabels: {app: web}}
  endpoints:
    - port: http
`;
const LABELLED = SERVICE.replace('name: web', 'name: web\n  labels: {app: web}');
const CLIENT = workload((text) =>
  text
    .replaceAll('app: web', 'app: client')
    .replace('name: web', 'name: client')
    .replace(
      '          ports:',
      '          env:\n            - name: WEB_URL\n              value: http://web.shop.svc:80/api\n          ports:',
    ),
);
const OPEN_WEB = policy(
  'web',
  '{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: client}}}, {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}], ports: [{port: http}]}]}',
);
const LET_OUT = policy(
  'client',
  '{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}, {to: [{namespaceSelector: {}}], ports: [{protocol: UDP, port: 53}]}]}',
);
const FILES = {
  'namespace.yaml': NAMESPACE,
  'web.yaml': workload(),
  'service.yaml': LABELLED,
  'ingress.yaml': INGRESS,
  'monitor.yaml': MONITOR,
  'client.yaml': CLIENT,
  'deny.yaml': DENY,
  'web-policy.yaml': OPEN_WEB,
  'client-policy.yaml': LET_OUT,
};

it('finds nothing where policies allow what is declared', () => {
  expect(found(FILES)).toEqual([]);
});

describe('network/default-deny', () => {
  it('names pods that a policy forgot', () => {
    const { 'deny.yaml': _deny, ...files } = FILES;
    expect(found(files)).toEqual([
      'client.yaml network/default-deny no network policy isolates Deployment shop/client for ingress',
      'web.yaml network/default-deny no network policy isolates Deployment shop/web for egress',
    ]);
  });

  it('says of a restricted namespace without any policy, once and as information, that it is open', () => {
    const files = { 'web.yaml': workload(), 'client.yaml': CLIENT };
    expect(found(files)).toEqual([]);
    const label = '  labels: {pod-security.kubernetes.io/enforce: restricted}\n';
    const findings = findingsOf({ ...files, 'namespace.yaml': `${NAMESPACE}${label}` }, NETWORK);
    expect(findings).toMatchObject([
      {
        severity: 'info',
        message: 'namespace shop has no network policy: its 2 kinds of pods are open to everything',
      },
    ]);
  });
});

describe('network/flow', () => {
  it('an Ingress and a ServiceMonitor whose port nobody of another namespace may reach', () => {
    const closed = OPEN_WEB.replace(/, {namespaceSelector.*?}}}/, '');
    expect(found({ ...FILES, 'web-policy.yaml': closed })).toEqual([
      'ingress.yaml network/flow the ingress controller cannot reach port http of Deployment shop/web behind Service shop/web: policies default-deny, web let nobody of another namespace in',
      'monitor.yaml network/flow Prometheus cannot reach port http of Deployment shop/web behind Service shop/web: policies default-deny, web let nobody of another namespace in',
    ]);
  });

  it('a URL in the environment that egress forbids', () => {
    const { 'client-policy.yaml': _out, ...files } = FILES;
    const [first] = found(files).filter((line) => line.includes('network/flow'));
    expect(first).toBe(
      'client.yaml network/flow WEB_URL of Deployment shop/client needs port http of Deployment shop/web: no egress rule of default-deny allows it',
    );
  });

  it('a URL in the environment that ingress forbids', () => {
    const others = OPEN_WEB.replace('app: client', 'app: other');
    expect(found({ ...FILES, 'web-policy.yaml': others })).toEqual([
      'client.yaml network/flow WEB_URL of Deployment shop/client needs port http of Deployment shop/web: no ingress rule of default-deny, web allows it',
    ]);
  });

  it('a host beside its port, and a default port', () => {
    const host = (lines: string) =>
      CLIENT.replace(/- name: WEB_URL\n +value: .*/, lines.replaceAll('\n', '\n            '));
    const blocked = LET_OUT.replace('port: 8080', 'port: 1');
    const one = host('- name: WEB_HOST\n  value: web\n- name: WEB_PORT\n  value: "80"');
    expect(found({ ...FILES, 'client.yaml': one, 'client-policy.yaml': blocked })).toEqual([
      expect.stringContaining('network/flow WEB_HOST of Deployment shop/client needs port http'),
    ]);
    const postgres = host('- name: PGHOST\n  value: web');
    const service = LABELLED.replace('port: 80', 'port: 5432');
    const files = { ...FILES, 'client.yaml': postgres, 'service.yaml': service, 'client-policy.yaml': blocked };
    expect(found(files)).toEqual([expect.stringContaining('network/flow PGHOST of Deployment shop/client')]);
  });

  it('hosts outside of the tree, and names that are no Service, are nobody’s business', () => {
    const files = { ...FILES, 'client.yaml': CLIENT.replace('web.shop.svc:80', 'api.example.com') };
    expect(found({ ...files, 'client-policy.yaml': LET_OUT.replace('port: 8080', 'port: 1') })).toEqual([]);
  });
});

it('network/name-resolution: names that cannot be resolved', () => {
  const mute = LET_OUT.replace('protocol: UDP, port: 53', 'protocol: TCP, port: 53');
  expect(found({ ...FILES, 'client-policy.yaml': mute })).toEqual([
    'client.yaml network/name-resolution WEB_URL of Deployment shop/client names Service shop/web, and policies client, default-deny allow no port 53 by UDP',
  ]);
});

it.each([
  'null',
  '"text"',
  '{podSelector: 1, policyTypes: x, ingress: 5, egress: [1, null]}',
  '{podSelector: {matchExpressions: [{key: 1}]}, ingress: [{from: [{ipBlock: 1}, {ipBlock: {cidr: a, except: b}}], ports: [{port: {}}]}]}',
])('reads any policy without failing: %s', (spec) => {
  expect(() => found({ ...FILES, 'deny.yaml': policy('default-deny', spec) })).not.toThrow();
});
