import { deepEqual, isRecord } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import { formatFailure } from '../../commit/failures.ts';
import type { ComparedResource } from './compare.ts';
import { aggregateHealth, healthOf, resourceHealth } from './health.ts';
import { waveOf } from './hooks.ts';
import { integrityConditions } from './integrity.ts';
import type { ApplicationObservation, Desired } from './observe.ts';
import { orphanConditions } from './orphans.ts';
import { optionOf } from './sync-options.ts';
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
  sourceTypes: string[] | undefined;
  /** False: the revision is known to render the same as the one that was deployed last. */
  touched: boolean;
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
  const { application, instance } = observation;
  const { resources } = desired.comparison;
  const judged = resources.map((resource) => ({ resource, health: resourceHealth(observation, resource) }));
  const outOfSync =
    resources.some(({ status, counts }) => status === 'OutOfSync' && counts) ||
    hasChangedNamespaceMetadata(application);
  return {
    sync: {
      status: outOfSync ? 'OutOfSync' : 'Synced',
      ...(desired.set.isMultiple ? { revisions: [...desired.shas] } : { revision: desired.sha }),
      comparedTo: comparedTo(application.spec),
    },
    health: aggregateHealth(judged, application.metadata),
    resources: judged.map(({ resource, health }) => resourceStatus(resource, health, observation.checked.syncOptions)),
    conditions: [
      ...instanceConditions(instance, desired),
      ...integrityConditions(desired.unverified),
      ...orphanConditions(observation.checked.project, observation.orphans),
    ],
    sourceType: desired.set.isMultiple ? undefined : desired.rendered.sourceType,
    sourceTypes: desired.set.isMultiple ? [...desired.sourceTypes] : undefined,
    touched: desired.touched,
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
    ...desired.targets.excluded.map(({ group, kind, name }) => ({
      type: 'ExcludedResourceWarning',
      message: `Resource ${group}/${kind} ${name} is excluded in the settings`,
    })),
    ...desired.comparison.ownerless.map(({ kind, name }) => ({
      type: 'IgnoreDifferencesWarning',
      message: `managedFieldsManagers says nothing about ${kind}/${name}: the object does not record who owns its fields`,
    })),
  ];
}

/** Nothing to compare with: what is known to be there keeps being shown, as Unknown. */
function unknown(
  observation: ApplicationObservation,
  conditions: Condition[],
  health: Health['status'] | undefined,
  revision?: string,
): Refreshed {
  const { application, tracked } = observation;
  const present = tracked.map((live) => ({ live, health: healthOf(observation, live) }));
  const { revision: last, revisions } = application.status?.sync ?? {};
  return {
    sync: {
      status: 'Unknown',
      ...(revisions === undefined ? {} : { revisions }),
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
    sourceTypes: application.status?.sourceTypes,
    touched: true,
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
  options: readonly string[],
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
    ...(needsConfirmation(options, target?.manifest, live) ? { requiresDeletionConfirmation: true } : {}),
    ...(wave === 0 ? {} : { syncWave: wave }),
  };
}

function identityOf(key: string, apiVersion: string) {
  const [group = '', kind = '', namespace = '', name = ''] = key.split('/');
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return { ...(group === '' ? {} : { group }), version, kind, ...(namespace === '' ? {} : { namespace }), name };
}

/** Its metadata was changed since the last sync wrote it (argo-cd.md §3.3 step 8). */
function hasChangedNamespaceMetadata({ spec, status }: ApplicationObservation['application']): boolean {
  const wanted = spec.syncPolicy?.managedNamespaceMetadata;
  const result = status?.operationState?.syncResult;
  return wanted !== undefined && result !== undefined && !deepEqual(wanted, result.managedNamespaceMetadata);
}

function needsConfirmation(options: readonly string[], ...objects: (Parameters<typeof optionOf>[2] | undefined)[]) {
  return ['Prune', 'Delete'].some((name) => optionOf(name, options, ...objects) === 'confirm');
}

export function comparedTo(spec: ApplicationSpec): NonNullable<NonNullable<ApplicationStatus['sync']>['comparedTo']> {
  const { source, sources, destination, ignoreDifferences } = spec;
  return {
    ...(source === undefined ? {} : { source }),
    ...(sources === undefined || sources.length === 0 ? {} : { sources }),
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
