import { deepEqual } from '#core/json.ts';
import { computeMergePatch } from '#kube/merge-patch.ts';
import { controllerOf, controllerReference, type Manifest } from '#kube/object.ts';
import type { Ingress } from './observe.ts';
import { type Pass, refTo } from './pass.ts';
import { REASON } from './reasons.ts';
import { canaryIngressName, stableIngressNames } from './references.ts';
import { canaryOf, type Rollout } from './types.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_PREFIX = 'nginx.ingress.kubernetes.io';

export function noRulesMessage(ingress: string, service: string): string {
  return `ingress \`${ingress}\` has no rules using service ${service} backend`;
}

export function hasRuleWithService(ingress: Ingress, service: string): boolean {
  return (ingress.spec.rules ?? []).some((rule) =>
    (rule.http?.paths ?? []).some((path) => path.backend.service?.name === service),
  );
}

/**
 * Sets the canary's share on every canary Ingress, creating those that are missing (rollouts §1.9).
 * Returns what stands in the way, or undefined.
 */
export function planIngressWeight(pass: Pass, weight: number): string | undefined {
  for (const name of stableIngressNames(pass.rollout)) {
    const problem = planOneIngress(pass, name, weight);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function planOneIngress(pass: Pass, stableName: string, weight: number): string | undefined {
  const { rollout, observation, draft } = pass;
  const stable = observation.ingresses.get(stableName);
  const name = canaryIngressName(rollout.metadata.name, stableName);
  if (stable === undefined) return `error retrieving stableIngress \`${stableName}\`: not found`;
  const { stableService = '' } = canaryOf(rollout);
  if (!hasRuleWithService(stable, stableService)) return noRulesMessage(stableName, stableService);
  const desired = canaryIngress(rollout, stable, name, weight);
  const live = observation.ingresses.get(name);
  if (live === undefined) {
    draft.note('Normal', REASON.creatingIngress, `Creating canary ingress \`${name}\` with weight \`${weight}\``);
    draft.add({ effect: 'create', object: desired });
    return undefined;
  }
  if (controllerOf(live)?.uid !== rollout.metadata.uid) {
    return `canary ingress \`${name}\` controlled by different object`;
  }
  const patch = ingressPatch(live, desired);
  if (patch === undefined) return undefined;
  draft.note('Normal', REASON.patchingIngress, `Updating Ingress \`${name}\` to desiredWeight '${weight}'`);
  draft.add({ effect: 'patch', target: refTo(pass, 'Ingress.networking.k8s.io', name), patch });
  return undefined;
}

function canaryIngress(rollout: Rollout, stable: Ingress, name: string, weight: number): Manifest {
  const { stableService, canaryService } = canaryOf(rollout);
  const rules = (stable.spec.rules ?? [])
    .filter((rule) => rule.http?.paths.some((path) => path.backend.service?.name === stableService))
    .map((rule) => ({
      ...rule,
      http: {
        ...rule.http,
        paths: (rule.http?.paths ?? []).map((path) =>
          path.backend.service?.name === stableService
            ? { ...path, backend: { ...path.backend, service: { ...path.backend.service, name: canaryService } } }
            : path,
        ),
      },
    }));
  const { ingressClassName, tls } = stable.spec;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: rollout.metadata.namespace as string,
      annotations: canaryAnnotations(rollout, stable, weight),
      ownerReferences: [controllerReference(rollout)],
    },
    spec: {
      ...(ingressClassName === undefined ? {} : { ingressClassName }),
      ...(tls === undefined ? {} : { tls }),
      rules,
    },
  };
}

/** Later ones win: additional, then verbatim, then what makes it a canary. */
function canaryAnnotations(rollout: Rollout, stable: Ingress, weight: number): Record<string, string> {
  const routing = canaryOf(rollout).trafficRouting;
  const nginx = routing?.nginx ?? {};
  const prefix = nginx.annotationPrefix || DEFAULT_PREFIX;
  const annotations: Record<string, string> = {};
  const className = stable.metadata.annotations?.[CLASS_ANNOTATION];
  if (className !== undefined) annotations[CLASS_ANNOTATION] = className;
  for (const [key, value] of Object.entries(nginx.additionalIngressAnnotations ?? {})) {
    annotations[key.startsWith(prefix) ? key : `${prefix}/${key}`] = value;
  }
  Object.assign(annotations, nginx.canaryIngressAnnotations);
  annotations[`${prefix}/canary`] = 'true';
  annotations[`${prefix}/canary-weight`] = String(weight);
  if (routing?.maxTrafficWeight !== undefined) {
    annotations[`${prefix}/canary-weight-total`] = String(routing.maxTrafficWeight);
  }
  return annotations;
}

/** Annotations of others stay; labels and spec become exactly the desired ones. */
function ingressPatch(live: Ingress, desired: Manifest): Record<string, unknown> | undefined {
  const annotations = { ...live.metadata.annotations, ...desired.metadata.annotations };
  const before = {
    metadata: { annotations: live.metadata.annotations, labels: live.metadata.labels },
    spec: live.spec,
  };
  const after = { metadata: { annotations }, spec: desired.spec };
  return deepEqual(before, after) ? undefined : computeMergePatch(before, after);
}
