import type { PreStopHook, ProbeKind, ProbeSpec } from '#machine/pods.ts';
import type { Container, Pod } from './pod-types.ts';

export type KubeProbe = NonNullable<Container['livenessProbe']>;

/** A container's probe of a kind, as declared. */
export function probeOf(container: Container, kind: ProbeKind): KubeProbe | undefined {
  return container[`${kind}Probe`] ?? undefined;
}

/** A probe with Kubernetes' defaults and the port's number; undefined when a named port does not exist. */
export function probeSpec(container: Container, probe: KubeProbe, podIp: string): ProbeSpec | undefined {
  const action = probeAction(container, probe, podIp);
  if (action === undefined) return undefined;
  return {
    action,
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
    periodMs: (probe.periodSeconds ?? 10) * 1000,
    timeoutMs: (probe.timeoutSeconds ?? 1) * 1000,
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
  };
}

function probeAction(container: Container, probe: KubeProbe, podIp: string): ProbeSpec['action'] | undefined {
  if (probe.exec) return { type: 'exec', command: probe.exec.command ?? [] };
  const target = probe.httpGet ?? probe.tcpSocket;
  const port = portNumber(container, target?.port);
  if (target === undefined || port === undefined) return undefined;
  const host = target.host || podIp;
  if (!probe.httpGet) return { type: 'tcpSocket', host, port };
  const { path, scheme, httpHeaders } = probe.httpGet;
  const headers = Object.fromEntries((httpHeaders ?? []).map(({ name, value }) => [name, value]));
  return { type: 'httpGet', host, port, path: absolute(path), scheme: scheme ?? 'HTTP', headers };
}

function absolute(path: string | undefined): string {
  if (path === undefined || path === '') return '/';
  return path.startsWith('/') ? path : `/${path}`;
}

/** A number, or the containerPort of that name. */
function portNumber(container: Container, port: number | string | undefined): number | undefined {
  if (typeof port === 'number') return port;
  if (port !== undefined && /^\d+$/.test(port)) return Number(port);
  return container.ports?.find(({ name }) => name === port)?.containerPort;
}

/** The preStop hook of a container, resolved. */
export function preStopOf(container: Container, podIp: string): PreStopHook | undefined {
  const hook = container.lifecycle?.preStop;
  if (hook?.exec) return { type: 'exec', command: hook.exec.command ?? [] };
  if (hook?.sleep) return { type: 'sleep', durationMs: hook.sleep.seconds * 1000 };
  const port = portNumber(container, hook?.httpGet?.port);
  if (!hook?.httpGet || port === undefined) return undefined;
  return { type: 'httpGet', host: hook.httpGet.host || podIp, port, path: absolute(hook.httpGet.path) };
}

export function graceMsOf(pod: Pod, probe?: KubeProbe): number {
  return (probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
}
