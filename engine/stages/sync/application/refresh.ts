import { isRecord } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import { formatFailure } from '../../commit/failures.ts';
import type { ComparedResource } from './compare.ts';
import { aggregateHealth, resourceHealth } from './health.ts';
import { waveOf } from './hooks.ts';
import type { ApplicationObservation, Desired } from './observe.ts';
import { resourceKey } from './targets.ts';
import type { ApplicationCondition, ApplicationSpec, ApplicationStatus, Health, ResourceStatus } from './types.ts';

type Condition = Pick<ApplicationCondition, 'type' | 'message'>;

/** What a refresh found: the parts of the status that do not depend on operations. */
export interface Refreshed {
  sync: NonNullable<ApplicationStatus['sync']>;
  health: Pick<Health, 'status' | 'message'>;
  resources: ResourceStatus[];
  conditions: Condition[];
  sourceType: string | undefined;
  images: string[];
  /** Compared resources; undefined while the target state could not be loaded. */
  compared: readonly ComparedResource[] | undefined;
}

/** Compares, or says why it cannot; undefined while answers are still to come (argo-cd.md §3.2, §3.3). */
export function refresh(observation: ApplicationObservation): Refreshed | undefined {
  const { checked, desired } = observation;
  if (checked.errors.length > 0) return unknown(observation, checked.errors, 'Unknown');
  if (desired === undefined || desired.phase === 'pending') return undefined;
  if (desired.phase === 'failed') {
    const message = `Failed to load target state: ${formatFailure(desired.failure)}`;
    return unknown(observation, [{ type: 'ComparisonError', message }], undefined, desired.sha);
  }
  return compared(observation, desired);
}

function compared(observation: ApplicationObservation, desired: Extract<Desired, { phase: 'ready' }>): Refreshed {
  const { application, config, instance } = observation;
  const { resources } = desired.comparison;
  const judged = resources.map((resource) => ({ resource, health: resourceHealth(config, resource) }));
  const outOfSync = resources.some(({ status, counts }) => status === 'OutOfSync' && counts);
  return {
    sync: {
      status: outOfSync ? 'OutOfSync' : 'Synced',
      revision: desired.sha,
      comparedTo: comparedTo(application.spec),
    },
    health: aggregateHealth(judged, application.metadata),
    resources: judged.map(({ resource, health }) => resourceStatus(resource, health)),
    conditions: instanceConditions(instance, desired),
    sourceType: desired.rendered.sourceType,
    images: imagesOf(resources),
    compared: resources,
  };
}

/** The warnings a comparison leaves (argo-cd.md §1.11), and resources that no sync could apply. */
export function instanceConditions(instance: string, desired: Extract<Desired, { phase: 'ready' }>): Condition[] {
  return [
    ...desired.comparison.shared.map(({ resource, instance: other }) => ({
      type: 'SharedResourceWarning',
      message: `${resource.kind}/${resource.name} is part of applications ${instance} and ${other}`,
    })),
    ...desired.targets.repeated.map(({ target, times }) => ({
      type: 'RepeatedResourceWarning',
      message: `Resource ${target.key} appeared ${times} times among application resources.`,
    })),
  ];
}

/** Nothing to compare with: what is known to be there keeps being shown, as Unknown. */
function unknown(
  { application, config, tracked }: ApplicationObservation,
  conditions: Condition[],
  health: Health['status'] | undefined,
  revision?: string,
): Refreshed {
  const present = tracked.map((live) => ({ live, health: config.assessHealth(live) }));
  const last = application.status?.sync?.revision;
  return {
    sync: {
      status: 'Unknown',
      ...(revision === undefined && last === undefined ? {} : { revision: revision ?? last }),
      comparedTo: comparedTo(application.spec),
    },
    health: health === undefined ? healthOfLive(present, application.metadata) : { status: health },
    resources: present.map(({ live, health: own }) => ({
      ...identityOf(resourceKey(live), live.apiVersion),
      status: 'Unknown',
      ...(own === undefined ? {} : { health: own }),
    })),
    conditions,
    sourceType: application.status?.sourceType,
    images: application.status?.summary?.images ?? [],
    compared: undefined,
  };
}

function healthOfLive(
  present: readonly { live: KubeObject; health: Pick<Health, 'status' | 'message'> | undefined }[],
  self: { namespace?: string; name: string },
) {
  return aggregateHealth(
    present.map(({ live, health }) => {
      const [group = '', kind = '', namespace = ''] = resourceKey(live).split('/');
      const name = live.metadata.name;
      return { resource: { group, kind, namespace, name, live } as ComparedResource, health };
    }),
    self,
  );
}

function resourceStatus(
  resource: ComparedResource,
  health: Pick<Health, 'status' | 'message'> | undefined,
): ResourceStatus {
  const { group, version, kind, namespace, name, status, requiresPruning, target, live } = resource;
  const wave = waveOf((target?.manifest ?? live) as { metadata: object });
  return {
    ...(group === '' ? {} : { group }),
    version,
    kind,
    ...(namespace === '' ? {} : { namespace }),
    name,
    status,
    ...(health === undefined ? {} : { health }),
    ...(requiresPruning ? { requiresPruning } : {}),
    ...(wave === 0 ? {} : { syncWave: wave }),
  };
}

function identityOf(key: string, apiVersion: string) {
  const [group = '', kind = '', namespace = '', name = ''] = key.split('/');
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return { ...(group === '' ? {} : { group }), version, kind, ...(namespace === '' ? {} : { namespace }), name };
}

export function comparedTo(spec: ApplicationSpec): NonNullable<NonNullable<ApplicationStatus['sync']>['comparedTo']> {
  const { source, destination, ignoreDifferences } = spec;
  return {
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(ignoreDifferences === undefined ? {} : { ignoreDifferences }),
  };
}

function imagesOf(resources: readonly ComparedResource[]): string[] {
  const images = new Set<string>();
  for (const { live } of resources) {
    const spec = isRecord(live?.spec) ? live.spec : {};
    const template = isRecord(spec.template) && isRecord(spec.template.spec) ? spec.template.spec : spec;
    for (const field of ['initContainers', 'containers']) {
      const containers = Array.isArray(template[field]) ? template[field] : [];
      for (const container of containers) if (typeof container?.image === 'string') images.add(container.image);
    }
  }
  return [...images].sort();
}
