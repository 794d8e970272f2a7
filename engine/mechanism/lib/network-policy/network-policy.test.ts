import { describe, expect, it } from 'vitest';
import { isInNetwork, readAddress } from './address.ts';
import { allowedFlows } from './matrix.ts';
import { assessFlow, type NetworkWorld, type PodFacts, type Policy } from './network-policy.ts';

const pod = (name: string, namespace = 'shop', ip?: string): PodFacts => ({
  namespace,
  name,
  labels: { app: name },
  ports: [{ name: 'http', containerPort: 8080 }, { containerPort: 9090 }],
  ...(ip === undefined ? {} : { ip }),
});
const WEB = pod('web');
const API = pod('api');
const DNS: PodFacts = {
  namespace: 'kube-system',
  name: 'dns',
  labels: { 'k8s-app': 'kube-dns' },
  ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }],
};
const PROMETHEUS = pod('prometheus', 'monitoring');

function policy(name: string, spec: Policy['spec'], namespace = 'shop'): Policy {
  const metadata = { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-05T09:00:00Z' };
  return { metadata, spec };
}

const world = (...policies: Policy[]): NetworkWorld => ({
  namespaces: [
    { name: 'shop', labels: {} },
    { name: 'monitoring', labels: { team: 'sre' } },
  ],
  policies,
});
const DENY = policy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
const app = (name: string) => ({ podSelector: { matchLabels: { app: name } } });
const allows = (net: NetworkWorld, from: PodFacts, to: PodFacts, port: number | string = 8080) =>
  assessFlow(net, { from, to, port }).allowed;

describe('isolation', () => {
  it('a pod that no policy selects is open', () => {
    expect(assessFlow(world(), { from: WEB, to: API, port: 8080 })).toEqual({
      allowed: true,
      egress: { allowed: true, selecting: [], allowing: [] },
      ingress: { allowed: true, selecting: [], allowing: [] },
    });
  });

  it('a selected pod takes only what some policy allows, and policies add up', () => {
    const rules = [
      policy('api', { ...app('api'), policyTypes: ['Ingress'], ingress: [{ from: [app('web')] }] }),
      policy('web', { ...app('web'), policyTypes: ['Egress'], egress: [{ to: [app('api')] }] }),
    ];
    const verdict = assessFlow(world(DENY, ...rules), { from: WEB, to: API, port: 8080 });
    expect(verdict).toEqual({
      allowed: true,
      egress: { allowed: true, selecting: ['deny', 'web'], allowing: ['web'] },
      ingress: { allowed: true, selecting: ['api', 'deny'], allowing: ['api'] },
    });
    expect(allows(world(DENY, ...rules), API, WEB)).toBe(false);
  });

  it('both sides must allow a flow', () => {
    const ingress = policy('api', { ...app('api'), policyTypes: ['Ingress'], ingress: [{ from: [app('web')] }] });
    const verdict = assessFlow(world(DENY, ingress), { from: WEB, to: API, port: 8080 });
    expect([verdict.allowed, verdict.ingress.allowed, verdict.egress.allowed]).toEqual([false, true, false]);
  });

  it('policies of another namespace do not count, and a pod reaches itself', () => {
    expect(allows(world(policy('deny', DENY.spec, 'monitoring')), WEB, API)).toBe(true);
    expect(allows(world(DENY), API, API)).toBe(true);
  });

  it('without policyTypes a policy is for ingress, and for egress when it has egress rules', () => {
    expect(allows(world(policy('p', app('web'))), WEB, API)).toBe(true);
    expect(allows(world(policy('p', app('web'))), API, WEB)).toBe(false);
    expect(allows(world(policy('p', { ...app('web'), egress: [{ to: [app('db')] }] })), WEB, API)).toBe(false);
  });
});

describe('peers', () => {
  const into = (from: NonNullable<NonNullable<Policy['spec']['ingress']>[number]['from']>) =>
    world(policy('api', { ...app('api'), policyTypes: ['Ingress'], ingress: [{ from }] }));

  it('a podSelector alone means this namespace; with a namespaceSelector, pods there', () => {
    const sre = { namespaceSelector: { matchLabels: { team: 'sre' } } };
    expect(allows(into([app('prometheus')]), PROMETHEUS, API)).toBe(false);
    expect(allows(into([sre]), PROMETHEUS, API)).toBe(true);
    expect(allows(into([{ ...sre, ...app('prometheus') }]), PROMETHEUS, API)).toBe(true);
    expect(allows(into([{ ...sre, ...app('web') }]), PROMETHEUS, API)).toBe(false);
    expect(allows(into([{ ...sre }, app('web')]), WEB, API)).toBe(true);
  });

  it('every namespace has its name as a label, known or not', () => {
    const byName = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'elsewhere' } } };
    expect(allows(into([byName]), pod('a', 'elsewhere'), API)).toBe(true);
    expect(allows(into([{ namespaceSelector: {} }]), pod('a', 'elsewhere'), API)).toBe(true);
  });

  it('an ipBlock speaks of addresses, and has holes', () => {
    const block = into([{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }]);
    const from = (ip: string) => assessFlow(block, { from: { ip }, to: API, port: 8080 }).allowed;
    expect([from('10.2.3.4'), from('10.1.2.3'), from('192.168.0.1')]).toEqual([true, false, false]);
    expect(allows(block, pod('web', 'shop', '10.2.0.1'), API)).toBe(true);
    expect(allows(block, WEB, API)).toBe(false);
  });

  it('no peers means everybody, outside as well', () => {
    expect(assessFlow(into([]), { from: { ip: '8.8.8.8' }, to: API, port: 8080 }).allowed).toBe(true);
  });
});

describe('ports', () => {
  const on = (...ports: NonNullable<NonNullable<Policy['spec']['ingress']>[number]['ports']>) =>
    world(policy('api', { ...app('api'), policyTypes: ['Ingress'], ingress: [{ ports }] }));

  it.each([
    ['a number', on({ port: 8080 }), 8080, true],
    ['another number', on({ port: 8080 }), 9090, false],
    ['a name of the receiver', on({ port: 'http' }), 8080, true],
    ['a name the receiver does not have', on({ port: 'grpc' }), 8080, false],
    ['a name asked for', on({ port: 8080 }), 'http', true],
    ['a range', on({ port: 9000, endPort: 9100 }), 9090, true],
    ['another protocol', on({ protocol: 'UDP', port: 8080 }), 8080, false],
    ['any port of a protocol', on({ protocol: 'TCP' }), 9090, true],
  ])('%s', (_case, net, port, allowed) => {
    expect(allows(net, WEB, API, port)).toBe(allowed);
  });

  it('egress to the name server', () => {
    const dns = policy('dns', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        {
          to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
          ports: [{ protocol: 'UDP', port: 53 }],
        },
      ],
    });
    const net = world(DENY, dns);
    expect(assessFlow(net, { from: WEB, to: DNS, port: 53, protocol: 'UDP' }).allowed).toBe(true);
    expect(assessFlow(net, { from: WEB, to: DNS, port: 53, protocol: 'TCP' }).allowed).toBe(false);
  });
});

it('the matrix names every pair that may talk', () => {
  const rules = [
    DENY,
    policy('api', { ...app('api'), ingress: [{ from: [app('web')], ports: [{ port: 'http' }] }] }),
    policy('web', { ...app('web'), policyTypes: ['Egress'], egress: [{ to: [app('api')] }] }),
  ];
  expect(allowedFlows(world(...rules), [WEB, API, PROMETHEUS])).toEqual(['shop/web → shop/api:http']);
});

it.each([
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['0.0.0.0/0', '1.2.3.4', true],
  ['192.168.1.1/32', '192.168.1.1', true],
  ['fd00::/8', 'fd12:3456::1', true],
  ['::/0', '10.0.0.1', false],
  ['nonsense', '10.0.0.1', false],
])('%s contains %s: %s', (cidr, ip, expected) => {
  const address = readAddress(ip);
  expect(address !== undefined && isInNetwork(cidr, address)).toBe(expected);
});
