import { eachOf, mapOf } from '../validation/causes.ts';
import type { Check, Violation } from './check.ts';
import { containersText, plural, quoted, type Subject, settersText, sortedUnique } from './subject.ts';

/** The baseline level: no known privilege escalations. Source: Pod Security Standards as of Kubernetes 1.34. */
export const BASELINE: readonly Check[] = [
  { id: 'appArmorProfile', level: 'baseline', sinceMinor: 0, find: findAppArmor },
  { id: 'capabilities_baseline', level: 'baseline', sinceMinor: 0, find: findCapabilities },
  { id: 'hostNamespaces', level: 'baseline', sinceMinor: 0, find: findHostNamespaces },
  { id: 'hostPathVolumes', level: 'baseline', sinceMinor: 0, find: findHostPaths },
  { id: 'hostPorts', level: 'baseline', sinceMinor: 0, find: findHostPorts },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', sinceMinor: 34, find: findHandlerHosts },
  { id: 'privileged', level: 'baseline', sinceMinor: 0, find: findPrivileged },
  { id: 'procMount', level: 'baseline', sinceMinor: 0, find: findProcMount },
  { id: 'seLinuxOptions', level: 'baseline', sinceMinor: 0, find: findSelinux },
  { id: 'seccompProfile_baseline', level: 'baseline', sinceMinor: 0, find: findSeccomp },
  { id: 'sysctls', level: 'baseline', sinceMinor: 0, find: findSysctls },
  { id: 'windowsHostProcess', level: 'baseline', sinceMinor: 0, find: findHostProcess },
];

const PROFILE_TYPES = ['RuntimeDefault', 'Localhost'];

function findAppArmor(subject: Subject): Violation | undefined {
  const typeOf = (context: Record<string, unknown>) => mapOf(context.appArmorProfile).type;
  const isBad = (type: unknown) => type !== undefined && !PROFILE_TYPES.includes(String(type));
  const containers = subject.containers.filter(({ context }) => isBad(typeOf(context)));
  const isPodBad = isBad(typeOf(subject.podContext));
  const types = sortedUnique(
    [...(isPodBad ? [subject.podContext] : []), ...containers.map(({ context }) => context)].map((context) =>
      String(typeOf(context)),
    ),
  );
  const annotations = Object.entries(subject.annotations)
    .filter(([key, value]) => key.startsWith('container.apparmor.security.beta.kubernetes.io/') && isBadAppArmor(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const setters = [settersText(isPodBad, names(containers))].filter((text) => text !== '');
  if (annotations.length > 0) setters.push(plural('annotation', 'annotations', annotations));
  const values = [...types, ...annotations];
  if (setters.length === 0) return undefined;
  return {
    reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values),
    detail: `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
  };
}

function isBadAppArmor(value: unknown): boolean {
  const text = String(value);
  return text !== '' && text !== 'runtime/default' && !text.startsWith('localhost/');
}

const DEFAULT_CAPABILITIES = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);

/** Capabilities a container adds. */
export function addedCapabilities(context: Record<string, unknown>): string[] {
  const { add } = mapOf(context.capabilities);
  return Array.isArray(add) ? add.map(String) : [];
}

function findCapabilities({ containers }: Subject): Violation | undefined {
  const beyond = (context: Record<string, unknown>) =>
    addedCapabilities(context).filter((name) => !DEFAULT_CAPABILITIES.has(name));
  const bad = containers.filter(({ context }) => beyond(context).length > 0);
  if (bad.length === 0) return undefined;
  const added = sortedUnique(bad.flatMap(({ context }) => beyond(context)));
  return {
    reason: 'non-default capabilities',
    detail: `${containersText(names(bad))} must not include ${quoted(added)} in securityContext.capabilities.add`,
  };
}

function findHostNamespaces({ spec }: Subject): Violation | undefined {
  const used = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field] === true);
  return used.length === 0
    ? undefined
    : { reason: 'host namespaces', detail: used.map((field) => `${field}=true`).join(', ') };
}

function findHostPaths({ spec }: Subject): Violation | undefined {
  const bad = eachOf(spec.volumes, '').flatMap(([volume]) => (volume.hostPath === undefined ? [] : [`${volume.name}`]));
  return bad.length === 0
    ? undefined
    : { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', bad)} ${quoted(bad)}` };
}

function findHostPorts({ containers }: Subject): Violation | undefined {
  const portsOf = (container: Record<string, unknown>) =>
    eachOf(container.ports, '').flatMap(([port]) =>
      port.hostPort === undefined || port.hostPort === 0 ? [] : [String(port.hostPort)],
    );
  const bad = containers.filter(({ value }) => portsOf(value).length > 0);
  if (bad.length === 0) return undefined;
  const ports = sortedUnique(bad.flatMap(({ value }) => portsOf(value)));
  const uses = plural('uses', 'use', bad);
  const detail = `${containersText(names(bad))} ${uses} ${plural('hostPort', 'hostPorts', ports)} ${ports.join(', ')}`;
  return { reason: 'hostPort', detail };
}

function findHandlerHosts({ containers }: Subject): Violation | undefined {
  const hostsOf = (container: Record<string, unknown>) => {
    const lifecycle = mapOf(container.lifecycle);
    const handlers = [
      container.livenessProbe,
      container.readinessProbe,
      container.startupProbe,
      lifecycle.postStart,
      lifecycle.preStop,
    ];
    return handlers.flatMap((handler) =>
      ['httpGet', 'tcpSocket'].flatMap((action) => {
        const { host } = mapOf(mapOf(handler)[action]);
        return typeof host === 'string' && host !== '' ? [host] : [];
      }),
    );
  };
  const bad = sortedUnique(containers.filter(({ value }) => hostsOf(value).length > 0).map(({ name }) => name));
  if (bad.length === 0) return undefined;
  const hosts = sortedUnique(containers.flatMap(({ value }) => hostsOf(value)));
  const what = plural('probe or lifecycle host', 'probe or lifecycle hosts', hosts);
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersText(bad)} ${plural('uses', 'use', bad)} ${what} ${quoted(hosts)}`,
  };
}

function findPrivileged({ containers }: Subject): Violation | undefined {
  const bad = containers.filter(({ context }) => context.privileged === true);
  return bad.length === 0
    ? undefined
    : { reason: 'privileged', detail: `${containersText(names(bad))} must not set securityContext.privileged=true` };
}

function findProcMount({ containers }: Subject): Violation | undefined {
  const bad = containers.filter(({ context }) => context.procMount !== undefined && context.procMount !== 'Default');
  if (bad.length === 0) return undefined;
  const types = sortedUnique(bad.map(({ context }) => String(context.procMount)));
  return {
    reason: 'procMount',
    detail: `${containersText(names(bad))} must not set securityContext.procMount to ${quoted(types)}`,
  };
}

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

function findSelinux({ podContext, containers }: Subject, minor: number): Violation | undefined {
  const allowed = minor >= 31 ? [...SELINUX_TYPES, 'container_engine_t'] : SELINUX_TYPES;
  const isSet = (value: unknown) => value !== undefined && value !== '';
  const isBad = ({ type = '', user, role }: Record<string, unknown>) =>
    !allowed.includes(String(type)) || isSet(user) || isSet(role);
  const bad = containers.filter(({ context }) => isBad(mapOf(context.seLinuxOptions)));
  const isPodBad = isBad(mapOf(podContext.seLinuxOptions));
  const setters = settersText(isPodBad, names(bad));
  if (setters === '') return undefined;
  const options = [podContext, ...containers.map(({ context }) => context)].map((one) => mapOf(one.seLinuxOptions));
  const types = sortedUnique(options.map(({ type = '' }) => String(type)).filter((type) => !allowed.includes(type)));
  const data = [
    ...(types.length > 0 ? [`${plural('type', 'types', types)} ${quoted(types)}`] : []),
    ...(options.some(({ user }) => isSet(user)) ? ['user may not be set'] : []),
    ...(options.some(({ role }) => isSet(role)) ? ['role may not be set'] : []),
  ];
  return {
    reason: 'seLinuxOptions',
    detail: `${setters} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`,
  };
}

/** Setters and values of a seccomp profile that is neither RuntimeDefault nor Localhost; for both levels. */
export function findForbiddenSeccomp({ podContext, containers }: Subject): Violation | undefined {
  const typeOf = (context: Record<string, unknown>) => mapOf(context.seccompProfile).type;
  const isBad = (type: unknown) => type !== undefined && !PROFILE_TYPES.includes(String(type));
  const bad = containers.filter(({ context }) => isBad(typeOf(context)));
  const isPodBad = isBad(typeOf(podContext));
  const setters = settersText(isPodBad, names(bad));
  if (setters === '') return undefined;
  const values = sortedUnique(
    [...(isPodBad ? [podContext] : []), ...bad.map(({ context }) => context)].map((context) => String(typeOf(context))),
  );
  return {
    reason: 'seccompProfile',
    detail: `${setters} must not set securityContext.seccompProfile.type to ${quoted(values)}`,
  };
}

/** Before 1.19 the profile was an annotation. */
function findSeccomp(subject: Subject, minor: number): Violation | undefined {
  if (minor >= 19) return findForbiddenSeccomp(subject);
  const keys = [
    'seccomp.security.alpha.kubernetes.io/pod',
    ...subject.containers.map(({ name }) => `container.seccomp.security.alpha.kubernetes.io/${name}`),
  ];
  const bad = sortedUnique(
    keys.flatMap((key) => {
      const value = subject.annotations[key];
      const isAllowed =
        value === 'runtime/default' || value === 'docker/default' || String(value).startsWith('localhost/');
      return value === undefined || isAllowed ? [] : [`${key}=${JSON.stringify(value)}`];
    }),
  );
  return bad.length === 0
    ? undefined
    : { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', 'annotations', bad)} ${bad.join(', ')}` };
}

/** Safe sysctls, with the minor version that allowed them. */
const SYSCTLS: Readonly<Record<string, number>> = {
  'kernel.shm_rmid_forced': 0,
  'net.ipv4.ip_local_port_range': 0,
  'net.ipv4.tcp_syncookies': 0,
  'net.ipv4.ping_group_range': 0,
  'net.ipv4.ip_unprivileged_port_start': 0,
  'net.ipv4.ip_local_reserved_ports': 27,
  'net.ipv4.tcp_keepalive_time': 29,
  'net.ipv4.tcp_fin_timeout': 29,
  'net.ipv4.tcp_keepalive_intvl': 29,
  'net.ipv4.tcp_keepalive_probes': 29,
  'net.ipv4.tcp_rmem': 32,
  'net.ipv4.tcp_wmem': 32,
};

function findSysctls({ podContext }: Subject, minor: number): Violation | undefined {
  const bad = eachOf(podContext.sysctls, '')
    .map(([sysctl]) => String(sysctl.name))
    .filter((name) => !Object.hasOwn(SYSCTLS, name) || (SYSCTLS[name] as number) > minor);
  return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
}

function findHostProcess({ podContext, containers }: Subject): Violation | undefined {
  const isHost = (context: Record<string, unknown>) => mapOf(context.windowsOptions).hostProcess === true;
  const setters = settersText(isHost(podContext), names(containers.filter(({ context }) => isHost(context))));
  return setters === ''
    ? undefined
    : { reason: 'hostProcess', detail: `${setters} must not set securityContext.windowsOptions.hostProcess=true` };
}

function names(containers: readonly { name: string }[]): string[] {
  return containers.map(({ name }) => name);
}
