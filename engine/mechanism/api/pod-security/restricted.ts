import { eachOf, mapOf } from '../validation/causes.ts';
import { addedCapabilities, findForbiddenSeccomp } from './baseline.ts';
import type { Check, Violation } from './check.ts';
import { containersText, plural, quoted, type Subject, settersText, sortedUnique } from './subject.ts';

/** The restricted level, on top of baseline: current best practice of hardening. */
export const RESTRICTED: readonly Check[] = [
  { id: 'allowPrivilegeEscalation', level: 'restricted', sinceMinor: 8, find: findEscalation },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    sinceMinor: 22,
    overrides: 'capabilities_baseline',
    find: findCapabilities,
  },
  { id: 'restrictedVolumes', level: 'restricted', sinceMinor: 0, overrides: 'hostPathVolumes', find: findVolumes },
  { id: 'runAsNonRoot', level: 'restricted', sinceMinor: 0, find: findRunAsNonRoot },
  { id: 'runAsUser', level: 'restricted', sinceMinor: 23, find: findRunAsUser },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    sinceMinor: 19,
    overrides: 'seccompProfile_baseline',
    find: findSeccomp,
  },
];

/** From 1.25 on, pods for Windows are exempt from what only Linux knows. */
const isExempt = (subject: Subject, minor: number) => minor >= 25 && subject.isWindows;

const namesOf = (containers: readonly { name: string }[]) => containers.map(({ name }) => name);

function findEscalation(subject: Subject, minor: number): Violation | undefined {
  const bad = subject.containers.filter(({ context }) => context.allowPrivilegeEscalation !== false);
  if (isExempt(subject, minor) || bad.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersText(namesOf(bad))} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

function findCapabilities(subject: Subject, minor: number): Violation | undefined {
  if (isExempt(subject, minor)) return undefined;
  const keeping = subject.containers.filter(({ context }) => {
    const { drop } = mapOf(context.capabilities);
    return !Array.isArray(drop) || !drop.includes('ALL');
  });
  const beyond = (context: Record<string, unknown>) =>
    addedCapabilities(context).filter((name) => name !== 'NET_BIND_SERVICE');
  const adding = subject.containers.filter(({ context }) => beyond(context).length > 0);
  const details: string[] = [];
  if (keeping.length > 0) {
    details.push(`${containersText(namesOf(keeping))} must set securityContext.capabilities.drop=["ALL"]`);
  }
  if (adding.length > 0) {
    const added = quoted(sortedUnique(adding.flatMap(({ context }) => beyond(context))));
    details.push(`${containersText(namesOf(adding))} must not include ${added} in securityContext.capabilities.add`);
  }
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

const ALLOWED_VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

function findVolumes({ spec }: Subject): Violation | undefined {
  const bad = eachOf(spec.volumes, '')
    .map(([volume]) => volume)
    .filter((volume) => !ALLOWED_VOLUMES.some((type) => volume[type] !== undefined));
  if (bad.length === 0) return undefined;
  const types = sortedUnique(bad.map((volume) => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'));
  const volumes = `${plural('volume', 'volumes', bad)} ${quoted(bad.map(({ name }) => String(name)))}`;
  const uses = plural('uses', 'use', bad);
  const what = plural('restricted volume type', 'restricted volume types', types);
  return { reason: 'restricted volume types', detail: `${volumes} ${uses} ${what} ${quoted(types)}` };
}

function findRunAsNonRoot({ podContext, containers }: Subject): Violation | undefined {
  const reason = 'runAsNonRoot != true';
  const denying = containers.filter(({ context }) => context.runAsNonRoot === false);
  const setters = settersText(podContext.runAsNonRoot === false, namesOf(denying));
  if (setters !== '') return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` };
  if (podContext.runAsNonRoot === true) return undefined;
  const silent = containers.filter(({ context }) => context.runAsNonRoot === undefined);
  if (silent.length === 0) return undefined;
  return { reason, detail: `pod or ${containersText(namesOf(silent))} must set securityContext.runAsNonRoot=true` };
}

function findRunAsUser({ podContext, containers }: Subject): Violation | undefined {
  const roots = containers.filter(({ context }) => context.runAsUser === 0);
  const setters = settersText(podContext.runAsUser === 0, namesOf(roots));
  return setters === '' ? undefined : { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` };
}

function findSeccomp(subject: Subject, minor: number): Violation | undefined {
  if (isExempt(subject, minor)) return undefined;
  const forbidden = findForbiddenSeccomp(subject);
  if (forbidden !== undefined) return forbidden;
  if (subject.podContext.seccompProfile !== undefined) return undefined;
  const silent = subject.containers.filter(({ context }) => context.seccompProfile === undefined);
  if (silent.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${containersText(namesOf(silent))} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}
