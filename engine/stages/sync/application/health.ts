import { isWorse } from '#kube/health/status.ts';
import { groupOf, isDeleting, type KubeObject } from '#kube/object.ts';
import type { ComparedResource } from './compare.ts';
import type { ApplicationConfig } from './config.ts';
import type { Settings } from './settings.ts';
import type { Health, HealthStatus } from './types.ts';

type Verdict = Pick<Health, 'status' | 'message'>;

interface HealthRules {
  config: Pick<ApplicationConfig, 'assessHealth'>;
  settings: Pick<Settings, 'healthOf'>;
}

/**
 * Health of one live object: a script of argocd-cm decides before the built-in check. Applications have none of their own
 * (argo-cd.md §3.10): a wave of children is gated only where argocd-cm has the documented script.
 */
export function healthOf({ config, settings }: HealthRules, live: KubeObject): Verdict | undefined {
  const subject = { group: groupOf(live.apiVersion), kind: live.kind };
  const check = settings.healthOf(subject);
  if (check !== undefined && !isDeleting(live)) return check(live);
  if (check === undefined && subject.kind === 'Application' && subject.group === 'argoproj.io' && !isDeleting(live)) {
    return undefined;
  }
  return config.assessHealth(live);
}

/** Health of a resource as status.resources shows it. */
export function resourceHealth(rules: HealthRules, resource: ComparedResource): Verdict | undefined {
  return resource.live === undefined ? { status: 'Missing' } : healthOf(rules, resource.live);
}

/**
 * An Application's health: the worst of its resources (case cd/C18). A missing resource counts only when all are
 * missing; children that are Missing or Unknown and resources that ask to be left out do not count.
 */
export function aggregateHealth(
  resources: readonly { resource: ComparedResource; health: Verdict | undefined }[],
  self: { namespace?: string; name: string },
): Verdict {
  let worst: HealthStatus = 'Healthy';
  const causes: string[] = [];
  for (const { resource, health } of resources) {
    if (health === undefined || health.status === 'Missing' || !takesPart(resource, health, self)) continue;
    const { group, kind, namespace, name } = resource;
    const cause = `${group}/${kind}:${namespace}/${name}`;
    if (isWorse(health.status, worst)) {
      worst = health.status;
      causes.length = 0;
    }
    if (health.status === worst && worst !== 'Healthy') causes.push(cause);
  }
  if (resources.length > 0 && resources.every(({ health }) => health?.status === 'Missing')) {
    return { status: 'Missing' };
  }
  if (causes.length === 0) return { status: worst };
  const more = causes.length > 3 ? ` and ${causes.length - 3} more` : '';
  return { status: worst, message: `Caused by ${causes.slice(0, 3).join(', ')}${more}` };
}

function takesPart(resource: ComparedResource, health: Verdict, self: { namespace?: string; name: string }): boolean {
  const annotations = resource.live?.metadata.annotations ?? resource.target?.manifest.metadata.annotations;
  if (annotations?.['argocd.argoproj.io/ignore-healthcheck'] === 'true') return false;
  if (resource.group !== 'argoproj.io' || resource.kind !== 'Application') return true;
  if (resource.name === self.name && resource.namespace === (self.namespace ?? '')) return false;
  return health.status !== 'Unknown';
}
