import { nearestName } from '../../engine/mechanism/lib/kustomize/errors.ts';
import type { Issue } from '../finding.ts';
import { mapAt } from '../model/fields.ts';
import { about } from '../model/lookup.ts';
import type { Rule } from '../rule.ts';

/** Annotations that Argo CD reads on the objects it syncs. */
const KNOWN = [
  'argocd.argoproj.io/sync-wave',
  'argocd.argoproj.io/hook',
  'argocd.argoproj.io/hook-delete-policy',
  'argocd.argoproj.io/sync-options',
  'argocd.argoproj.io/compare-options',
  'argocd.argoproj.io/refresh',
  'argocd.argoproj.io/hydrate',
  'argocd.argoproj.io/manifest-generate-paths',
  'argocd.argoproj.io/tracking-id',
  'argocd.argoproj.io/installation-id',
  'argocd.argoproj.io/ignore-healthcheck',
  'argocd.argoproj.io/ignore-resource-updates',
  'argocd.argoproj.io/ignore-default-links',
  'argocd.argoproj.io/skip-reconcile',
  'argocd.argoproj.io/application-set-refresh',
  'argocd.argoproj.io/application-set-template-patch',
  'argocd.argoproj.io/auto-sync-cleared',
  'argocd.argoproj.io/deletion-approved',
];
/** Written by a controller; in git they make an object look like something it is not. */
const RESERVED = [
  { pattern: /^argocd\.argoproj\.io\/(tracking-id|installation-id|refresh|hydrate)$/, by: 'Argo CD' },
  { pattern: /^rollout\.argoproj\.io\/(revision|desired-replicas|workload-generation)$/, by: 'Argo Rollouts' },
  { pattern: /^argo-rollouts\.argoproj\.io\/managed-by-rollouts$/, by: 'Argo Rollouts' },
  { pattern: /^deployment\.kubernetes\.io\/revision$/, by: 'the Deployment controller' },
  { pattern: /^kubectl\.kubernetes\.io\/last-applied-configuration$/, by: 'kubectl' },
  { pattern: /^notified\.notifications\.argoproj\.io$/, by: 'the notifications controller' },
];
const HOOKS = ['PreSync', 'Sync', 'PostSync', 'SyncFail', 'Skip', 'PreDelete', 'PostDelete'];
const HOOK_POLICIES = ['HookSucceeded', 'HookFailed', 'BeforeHookCreation'];

const annotation: Rule = {
  id: 'annotations/argo-cd',
  severity: 'error',
  summary: 'an annotation of Argo CD that is misspelt, or whose value it does not know',
  why: 'Argo CD ignores what it does not know: a hook becomes an ordinary object that is synced with everything else, a wave becomes wave 0.',
  example: { bad: 'argocd.argoproj.io/sync-waves: "2"', good: 'argocd.argoproj.io/sync-wave: "2"' },
  *check(tree): Generator<Issue> {
    for (const object of tree.objects) {
      for (const [key, value] of Object.entries(mapAt(object.value, ['metadata', 'annotations']))) {
        const at = about(tree, object, ['metadata', 'annotations', key]);
        if (/^argocd\.argoproj\.io\//.test(key) && !KNOWN.includes(key)) {
          const near = nearestName(key, KNOWN);
          yield {
            ...at,
            message: `Argo CD knows no annotation ${key}`,
            ...(near === undefined ? {} : { fix: `did you mean ${near}?` }),
          };
        }
        const fault = faultOf(key, value);
        if (fault !== undefined) yield { ...at, ...fault };
      }
    }
  },
};

function faultOf(key: string, value: unknown): { message: string; fix?: string } | undefined {
  const text = typeof value === 'string' ? value : String(value);
  const words = text.split(',').map((word) => word.trim());
  switch (key) {
    case 'argocd.argoproj.io/sync-wave':
      return /^[+-]?\d+$/.test(text.trim())
        ? undefined
        : { message: `the wave "${text}" is not a whole number, and counts as 0` };
    case 'argocd.argoproj.io/hook':
      return unknownWord(words, HOOKS, 'hook');
    case 'argocd.argoproj.io/hook-delete-policy':
      return unknownWord(words, HOOK_POLICIES, 'delete policy');
    default:
      return undefined;
  }
}

function unknownWord(words: readonly string[], known: readonly string[], what: string) {
  const wrong = words.find((word) => !known.includes(word));
  if (wrong === undefined) return undefined;
  const near = nearestName(wrong, known);
  return {
    message: `there is no ${what} "${wrong}"`,
    fix: near === undefined ? `use ${known.join(', ')}` : `did you mean ${near}?`,
  };
}

const reserved: Rule = {
  id: 'annotations/reserved',
  severity: 'error',
  summary: 'an annotation or label in git that a controller writes',
  why: 'The controller takes the object for one of its own past: a copied tracking id makes Argo CD prune it with another Application, a copied revision confuses rollbacks.',
  example: {
    bad: 'annotations: {argocd.argoproj.io/tracking-id: "shop:apps/Deployment:shop/web"}',
    good: 'leave it out',
  },
  *check(tree): Generator<Issue> {
    for (const object of tree.objects) {
      for (const key of Object.keys(mapAt(object.value, ['metadata', 'annotations']))) {
        const found = RESERVED.find(({ pattern }) => pattern.test(key));
        if (found !== undefined)
          yield {
            ...about(tree, object, ['metadata', 'annotations', key]),
            message: `${key} is written by ${found.by}`,
            fix: 'remove it',
          };
      }
      const status = object.value.status;
      if (status !== undefined && object.kind !== 'CustomResourceDefinition') {
        yield {
          ...about(tree, object, ['status']),
          severity: 'warning',
          message: 'status is written by controllers',
          fix: 'remove it',
        };
      }
    }
  },
};

/** Versions that are gone, and what took their place. */
const GONE: Readonly<Record<string, string>> = {
  'extensions/v1beta1': 'apps/v1 or networking.k8s.io/v1',
  'apps/v1beta1': 'apps/v1',
  'apps/v1beta2': 'apps/v1',
  'networking.k8s.io/v1beta1': 'networking.k8s.io/v1',
  'policy/v1beta1': 'policy/v1',
  'batch/v1beta1': 'batch/v1',
  'autoscaling/v2beta1': 'autoscaling/v2',
  'autoscaling/v2beta2': 'autoscaling/v2',
  'rbac.authorization.k8s.io/v1beta1': 'rbac.authorization.k8s.io/v1',
  'storage.k8s.io/v1beta1': 'storage.k8s.io/v1',
  'apiextensions.k8s.io/v1beta1': 'apiextensions.k8s.io/v1',
  'admissionregistration.k8s.io/v1beta1': 'admissionregistration.k8s.io/v1',
  'discovery.k8s.io/v1beta1': 'discovery.k8s.io/v1',
  'external-secrets.io/v1alpha1': 'external-secrets.io/v1',
  'external-secrets.io/v1beta1': 'external-secrets.io/v1',
  'gateway.networking.k8s.io/v1alpha2': 'gateway.networking.k8s.io/v1',
};
/** Kinds for which a version lives on although it is gone for others. */
const STAYS = new Set([
  'VolumeAttributesClass',
  'CSIStorageCapacity',
  'TCPRoute',
  'UDPRoute',
  'TLSRoute',
  'PushSecret',
  'IPAddress',
  'ServiceCIDR',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]);

const gone: Rule = {
  id: 'deprecated/api-version',
  severity: 'error',
  summary: 'an API version that current clusters no longer serve',
  why: 'The sync fails: "the server could not find the requested resource". It works until the day the cluster is upgraded.',
  example: { bad: 'apiVersion: policy/v1beta1', good: 'apiVersion: policy/v1' },
  *check(tree): Generator<Issue> {
    for (const object of tree.objects) {
      const successor = GONE[object.apiVersion];
      if (successor === undefined || STAYS.has(object.kind)) continue;
      yield {
        ...about(tree, object, ['apiVersion']),
        message: `${object.apiVersion} is no longer served`,
        fix: `write ${successor}`,
      };
    }
  },
};

const field: Rule = {
  id: 'deprecated/field',
  severity: 'warning',
  summary: 'a field that has been replaced',
  why: 'It works today. The replacement says the same and stays.',
  example: { bad: 'serviceAccount: web', good: 'serviceAccountName: web' },
  *check(tree): Generator<Issue> {
    for (const object of tree.objects) {
      const annotations = mapAt(object.value, ['metadata', 'annotations']);
      if (object.kind === 'Ingress' && annotations['kubernetes.io/ingress.class'] !== undefined) {
        yield {
          ...about(tree, object, ['metadata', 'annotations', 'kubernetes.io/ingress.class']),
          message: 'the annotation kubernetes.io/ingress.class is replaced by a field',
          fix: 'write spec.ingressClassName',
        };
      }
      for (const path of [['spec', 'template', 'spec'], ['spec']]) {
        const spec = mapAt(object.value, path);
        if (spec.serviceAccount !== undefined && spec.serviceAccountName === undefined) {
          yield {
            ...about(tree, object, [...path, 'serviceAccount']),
            message: 'serviceAccount is replaced by serviceAccountName',
            fix: 'write serviceAccountName',
          };
        }
      }
    }
    for (const { path, documents } of tree.sources.values()) {
      const first = documents[0];
      if (first === undefined || !/(^|\/)(kustomization\.ya?ml|Kustomization)$/.test(path)) continue;
      for (const [old, successor] of Object.entries(KUSTOMIZE_FIELDS)) {
        if (mapAt(first.value, [])[old] !== undefined)
          yield { at: first.placeOf([old]), message: `${old} is deprecated in Kustomize`, fix: `use ${successor}` };
      }
    }
  },
};

const KUSTOMIZE_FIELDS: Readonly<Record<string, string>> = {
  bases: 'resources',
  commonLabels: 'labels with includeSelectors: true',
  patchesStrategicMerge: 'patches',
  patchesJson6902: 'patches',
  vars: 'replacements',
  imageTags: 'images',
};

export const ANNOTATIONS: readonly Rule[] = [annotation, reserved, gone, field];
