import { isWorse } from '#kube/health/status.ts';
import type { ComparedResource } from './compare.ts';
import type { ApplicationConfig } from './config.ts';
import type { Health, HealthStatus } from './types.ts';

type Verdict = Pick<Health, 'status' | 'message'>;

/** Health of a resource as status.resources shows it. */
export function resourceHealth(config: ApplicationConfig, resource: ComparedResource): Verdict | undefined {
  return resource.live === undefined ? { status: 'Missing' } : config.assessHealth(resource.live);
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
