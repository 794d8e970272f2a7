import type { KindMap } from '#kube/kinds.ts';
import { matchesSelector } from '#kube/selector.ts';
import { type Address, isInNetwork, readAddress } from './address.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type Direction = 'Ingress' | 'Egress';

/** What policies can tell about a namespace. */
export interface NamespaceFacts {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** A pod, or all pods of one template. */
export interface PodFacts {
  namespace: string;
  /** For messages and tables. */
  name: string;
  labels: Readonly<Record<string, string>>;
  /** Named ports of its containers. */
  ports: readonly { name?: string; containerPort: number; protocol?: string }[];
  /** Known pods' addresses are matched against ipBlocks; without one a pod is in no block. */
  ip?: string;
}

/** Anything outside of the cluster's pods: only ipBlocks speak of it. */
export interface Outside {
  ip: string;
}

export type Peer = PodFacts | Outside;

export type Policy = Pick<KindMap['NetworkPolicy.networking.k8s.io'], 'metadata' | 'spec'>;

/** A connection somebody wants to open. */
export interface Flow {
  from: Peer;
  to: Peer;
  /** A port of the receiver, or the name of one. */
  port: number | string;
  protocol?: Protocol;
}

/** What the policies of one end say. */
export interface SideVerdict {
  allowed: boolean;
  /** Policies that select the pod in this direction, sorted: none means nothing is isolated. */
  selecting: readonly string[];
  /** Those among them that allow the flow. */
  allowing: readonly string[];
}

export interface FlowVerdict {
  allowed: boolean;
  egress: SideVerdict;
  ingress: SideVerdict;
}

export interface NetworkWorld {
  namespaces: readonly NamespaceFacts[];
  policies: readonly Policy[];
}

/**
 * Whether a connection is allowed, and by which policies: the sender's egress and the receiver's ingress must both allow it,
 * and a pod that no policy selects in a direction is open in it. Answers belong to the connection. A pod always reaches
 * itself. Source: the NetworkPolicy API (networking.k8s.io/v1).
 */
export function assessFlow(world: NetworkWorld, flow: Flow): FlowVerdict {
  const egress = assessSide(world, 'Egress', flow.from, flow.to, flow);
  const ingress = assessSide(world, 'Ingress', flow.to, flow.from, flow);
  const isItself = isPod(flow.from) && isPod(flow.to) && sameName(flow.from, flow.to) && flow.from === flow.to;
  return { allowed: isItself || (egress.allowed && ingress.allowed), egress, ingress };
}

/** Policies that select a pod in a direction. */
export function policiesSelecting(policies: readonly Policy[], pod: PodFacts, direction: Direction): Policy[] {
  return policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace &&
      directionsOf(spec).includes(direction) &&
      matchesSelector(spec.podSelector ?? {}, pod.labels),
  );
}

/** `policyTypes`, or what the API fills in for it. */
export function directionsOf(spec: Policy['spec']): readonly string[] {
  if (spec.policyTypes !== undefined && spec.policyTypes.length > 0) return spec.policyTypes;
  return (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function assessSide(world: NetworkWorld, direction: Direction, own: Peer, other: Peer, flow: Flow): SideVerdict {
  if (!isPod(own)) return { allowed: true, selecting: [], allowing: [] };
  const selecting = policiesSelecting(world.policies, own, direction);
  const allowing = selecting.filter(({ metadata, spec }) =>
    rulesOf(spec, direction).some(
      ({ peers, ports }) =>
        allowsPort(ports, flow) && allowsPeer(world.namespaces, peers, metadata.namespace ?? '', other),
    ),
  );
  const names = (policies: readonly Policy[]) => policies.map(({ metadata }) => metadata.name).sort();
  return {
    allowed: selecting.length === 0 || allowing.length > 0,
    selecting: names(selecting),
    allowing: names(allowing),
  };
}

type IngressRule = NonNullable<Policy['spec']['ingress']>[number];
type PolicyPeer = NonNullable<IngressRule['from']>[number];
type PolicyPort = NonNullable<IngressRule['ports']>[number];

interface Rule {
  peers: readonly PolicyPeer[];
  ports: readonly PolicyPort[];
}

function rulesOf(spec: Policy['spec'], direction: Direction): Rule[] {
  return direction === 'Ingress'
    ? (spec.ingress ?? []).map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : (spec.egress ?? []).map(({ to = [], ports = [] }) => ({ peers: to, ports }));
}

/** No peers: everybody. */
function allowsPeer(
  namespaces: readonly NamespaceFacts[],
  peers: readonly PolicyPeer[],
  home: string,
  other: Peer,
): boolean {
  return peers.length === 0 || peers.some((peer) => matchesPeer(namespaces, peer, home, other));
}

function matchesPeer(namespaces: readonly NamespaceFacts[], peer: PolicyPeer, home: string, other: Peer): boolean {
  if (peer.ipBlock !== undefined) {
    const address = other.ip === undefined ? undefined : readAddress(other.ip);
    return address !== undefined && isInBlock(peer.ipBlock, address);
  }
  if (!isPod(other)) return false;
  const { namespaceSelector, podSelector } = peer;
  if (namespaceSelector === undefined && podSelector === undefined) return false;
  const isInNamespace =
    namespaceSelector === undefined
      ? other.namespace === home
      : matchesSelector(namespaceSelector, labelsOf(namespaces, other.namespace));
  return isInNamespace && (podSelector === undefined || matchesSelector(podSelector, other.labels));
}

/** The API server gives each namespace a label with its name. */
function labelsOf(namespaces: readonly NamespaceFacts[], name: string): Record<string, string> {
  const found = namespaces.find((namespace) => namespace.name === name);
  return { ...found?.labels, 'kubernetes.io/metadata.name': name };
}

function isInBlock({ cidr, except = [] }: { cidr: string; except?: string[] }, address: Address): boolean {
  return isInNetwork(cidr, address) && !except.some((hole) => isInNetwork(hole, address));
}

/** No ports: all. A name is a port of the receiving pod, in both directions. */
function allowsPort(ports: readonly PolicyPort[], { to, port, protocol = 'TCP' }: Flow): boolean {
  if (ports.length === 0) return true;
  const number = typeof port === 'number' ? port : portNumber(to, port, protocol);
  return ports.some((allowed) => {
    if ((allowed.protocol ?? 'TCP') !== protocol) return false;
    if (allowed.port === undefined) return true;
    if (typeof allowed.port === 'string') {
      const named = portNumber(to, allowed.port, protocol);
      return named !== undefined && named === number;
    }
    if (number === undefined) return false;
    return number >= allowed.port && number <= (allowed.endPort ?? allowed.port);
  });
}

function portNumber(peer: Peer, name: string, protocol: Protocol): number | undefined {
  if (!isPod(peer)) return undefined;
  return peer.ports.find((port) => port.name === name && (port.protocol ?? 'TCP') === protocol)?.containerPort;
}

function isPod(peer: Peer): peer is PodFacts {
  return 'namespace' in peer;
}

function sameName(left: PodFacts, right: PodFacts): boolean {
  return left.namespace === right.namespace && left.name === right.name;
}
