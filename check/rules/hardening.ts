import type { Issue } from '../finding.ts';
import { elementsAt, mapAt, stringAt, valueAt } from '../model/fields.ts';
import { about } from '../model/lookup.ts';
import { type ContainerAt, containersOf, type PodTemplate } from '../model/pods.ts';
import type { FieldPath } from '../model/source.ts';
import type { Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';
import { allTemplates } from './references/pods.ts';

/** What Pod Security "restricted" asks for, and a little more that costs nothing. */
interface Demand {
  message: string;
  fix: string;
  /** Whether a container, with what its pod says for all, satisfies it. */
  isMet(container: Readonly<Record<string, unknown>>, pod: Readonly<Record<string, unknown>>): boolean;
}

const DEMANDS: readonly Demand[] = [
  {
    message: 'may run as root',
    fix: 'set securityContext.runAsNonRoot: true, with a runAsUser above 0 where the image has none',
    isMet: (container, pod) =>
      (container.runAsNonRoot ?? pod.runAsNonRoot) === true && (container.runAsUser ?? pod.runAsUser) !== 0,
  },
  {
    message: 'may gain privileges',
    fix: 'set securityContext.allowPrivilegeEscalation: false',
    isMet: ({ allowPrivilegeEscalation, privileged }) => allowPrivilegeEscalation === false && privileged !== true,
  },
  {
    message: 'keeps Linux capabilities',
    fix: 'set securityContext.capabilities.drop: [ALL]',
    isMet: ({ capabilities }) => {
      const drop = valueAt(capabilities, ['drop']);
      return Array.isArray(drop) && drop.includes('ALL');
    },
  },
  {
    message: 'may write to its root file system',
    fix: 'set securityContext.readOnlyRootFilesystem: true and mount an emptyDir where it has to write',
    isMet: ({ readOnlyRootFilesystem }) => readOnlyRootFilesystem === true,
  },
  {
    message: 'runs without a seccomp profile',
    fix: 'set securityContext.seccompProfile.type: RuntimeDefault on the pod',
    isMet: (container, pod) =>
      ['RuntimeDefault', 'Localhost'].includes(
        stringAt(container, ['seccompProfile', 'type']) ?? stringAt(pod, ['seccompProfile', 'type']) ?? '',
      ),
  },
];

const security: Rule = {
  id: 'hardening/security-context',
  severity: 'warning',
  summary: 'a container that has more rights than Pod Security "restricted" allows, or a writable root file system',
  why: 'Whoever gets code to run in the container gets these rights. Where the namespace enforces "restricted", the API server refuses the pod.',
  example: {
    bad: 'containers: [{name: web, image: shop/web:1.0.0}]',
    good: 'securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}\ncontainers: [{securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}}]',
  },
  *check(tree) {
    for (const template of allTemplates(tree)) {
      const pod = mapAt(template.spec, ['securityContext']);
      for (const container of containersOf(template)) {
        const context = mapAt(container.value, ['securityContext']);
        const open = DEMANDS.filter(({ isMet }) => !isMet(context, pod));
        if (open.length === 0) continue;
        yield {
          ...about(tree, template.owner, [...container.path, 'securityContext']),
          message: `container "${String(container.value.name)}" ${open.map(({ message }) => message).join(', ')}`,
          fix: open.map(({ fix }) => fix).join('; '),
        };
      }
    }
  },
};

const host: Rule = {
  id: 'hardening/host-access',
  severity: 'error',
  summary: 'a pod that shares the node: its network, processes, files, or all of its privileges',
  why: 'It can read and change what other pods and the node do; isolation between environments ends there.',
  example: { bad: 'hostNetwork: true', good: 'a Service and, where needed, an Ingress' },
  *check(tree) {
    for (const template of allTemplates(tree)) {
      const { owner, path, spec } = template;
      if (owner.kind === 'DaemonSet') continue;
      for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) {
        if (spec[field] === true)
          yield { ...about(tree, owner, [...path, 'spec', field]), message: `the pod uses ${field}` };
      }
      for (const volume of elementsAt(owner.value, [...path, 'spec', 'volumes'])) {
        if (volume.value.hostPath !== undefined)
          yield {
            ...about(tree, owner, volume.path),
            message: `volume "${String(volume.value.name)}" is a folder of the node`,
          };
      }
      for (const container of containersOf(template)) {
        if (valueAt(container.value, ['securityContext', 'privileged']) === true)
          yield {
            ...about(tree, owner, [...container.path, 'securityContext', 'privileged']),
            message: `container "${String(container.value.name)}" is privileged`,
          };
      }
    }
  },
};

const token: Rule = {
  id: 'hardening/account-token',
  severity: 'info',
  summary: 'a pod that gets a token of the cluster’s API although its account has no role',
  why: 'The token is there for whoever breaks in; without a binding it is of no use to the application.',
  example: { bad: 'serviceAccountName: web   # no binding names it', good: 'automountServiceAccountToken: false' },
  *check(tree) {
    for (const { owner, path, spec } of allTemplates(tree)) {
      const name = stringAt(spec, ['serviceAccountName']) ?? 'default';
      const account = tree.find('ServiceAccount', owner.namespace, name, owner);
      if (account === undefined && name !== 'default') continue;
      const isMounted = spec.automountServiceAccountToken ?? account?.value.automountServiceAccountToken ?? true;
      if (isMounted === false || isBound(tree, owner.namespace, name)) continue;
      yield {
        ...about(tree, owner, [...path, 'spec', 'serviceAccountName']),
        message: `the pod mounts a token of account "${name}", which no role is bound to`,
        fix: 'set automountServiceAccountToken: false on the account or the pod',
      };
    }
  },
};

function isBound(tree: Tree, namespace: string, name: string): boolean {
  return ['RoleBinding', 'ClusterRoleBinding'].some((kind) =>
    tree
      .byKind(`${kind}.rbac.authorization.k8s.io`)
      .some((binding) =>
        elementsAt(binding.value, ['subjects']).some(
          ({ value }) =>
            value.kind === 'ServiceAccount' &&
            value.name === name &&
            [undefined, '', namespace, binding.namespace].includes(value.namespace as string | undefined),
        ),
      ),
  );
}

const wildcard: Rule = {
  id: 'hardening/wildcard-role',
  severity: 'warning',
  summary: 'a role that grants everything, or every verb on secrets',
  why: 'It also grants what is added to the cluster tomorrow. Least privilege names groups, resources and verbs.',
  example: {
    bad: 'rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]',
    good: 'rules: [{apiGroups: [""], resources: [configmaps], resourceNames: [backend], verbs: [get]}]',
  },
  *check(tree): Generator<Issue> {
    for (const kind of ['Role', 'ClusterRole']) {
      for (const object of tree.byKind(`${kind}.rbac.authorization.k8s.io`)) {
        for (const { path, value } of elementsAt(object.value, ['rules'])) {
          const has = (field: string, item: string) =>
            Array.isArray(value[field]) && (value[field] as unknown[]).includes(item);
          const isWide = has('verbs', '*') && (has('resources', '*') || has('resources', 'secrets'));
          const readsSecrets =
            has('resources', 'secrets') &&
            (has('verbs', 'list') ||
              has('verbs', 'watch') ||
              (has('verbs', 'get') && value.resourceNames === undefined));
          if (isWide)
            yield { ...about(tree, object, path), message: 'this rule grants every verb on everything it names' };
          else if (readsSecrets && object.namespace !== '')
            yield {
              ...about(tree, object, path),
              message: 'this rule reads every secret of the namespace',
              fix: 'name the secrets in resourceNames, with the verb get alone',
            };
        }
      }
    }
  },
};

const resources: Rule = {
  id: 'resources/limits',
  severity: 'warning',
  summary: 'a container without requests, or without a memory limit',
  why: 'Without requests the scheduler places it anywhere and it is evicted first; without a memory limit one leak takes the node down. A ResourceQuota on the namespace refuses such a pod.',
  example: { bad: 'resources: {}', good: 'resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}' },
  *check(tree) {
    for (const template of allTemplates(tree)) {
      for (const container of containersOf(template)) yield* checkResources(tree, template, container);
    }
  },
};

function* checkResources(tree: Tree, { owner }: PodTemplate, { path, value }: ContainerAt): Generator<Issue> {
  const at: FieldPath = [...path, 'resources'];
  const wanted = ['requests.cpu', 'requests.memory', 'limits.memory'];
  const absent = wanted.filter((name) => {
    // A limit without a request is a request of the same size.
    const [kind = '', resource = ''] = name.split('.');
    return (
      valueAt(value, ['resources', kind, resource]) === undefined &&
      (kind === 'limits' || valueAt(value, ['resources', 'limits', resource]) === undefined)
    );
  });
  if (absent.length > 0)
    yield { ...about(tree, owner, at), message: `container "${String(value.name)}" has no ${absent.join(', ')}` };
}

export const HARDENING: readonly Rule[] = [security, host, token, wildcard, resources];
