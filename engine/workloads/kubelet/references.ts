import type { KindMap } from '#kube/kinds.ts';
import type { Reader } from '#store/store.ts';
import { allContainers, type Pod } from './pod-types.ts';

/** Names of the objects that a pod's containers and volumes read. */
export interface References {
  configMaps: ReadonlySet<string>;
  secrets: ReadonlySet<string>;
  claims: ReadonlySet<string>;
}

/** The referenced objects that exist, by name. */
export interface Referenced {
  configMaps: Readonly<Record<string, KindMap['ConfigMap']>>;
  secrets: Readonly<Record<string, KindMap['Secret']>>;
  /** Claim name → uid. */
  claims: ReadonlyMap<string, string>;
}

export function referencesOf(pod: Pod): References {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const claims = new Set<string>();
  const add = (set: Set<string>, name: string | undefined) => name !== undefined && name !== '' && set.add(name);
  for (const container of allContainers(pod)) {
    for (const source of container.envFrom ?? []) {
      add(configMaps, source.configMapRef?.name);
      add(secrets, source.secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add(configMaps, valueFrom?.configMapKeyRef?.name);
      add(secrets, valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of pod.spec.volumes ?? []) {
    add(claims, volume.persistentVolumeClaim?.claimName);
    for (const source of [volume, ...(volume.projected?.sources ?? [])]) {
      add(configMaps, source.configMap?.name);
      add(secrets, (source.secret as { secretName?: string; name?: string } | undefined)?.secretName);
      add(secrets, (source.secret as { secretName?: string; name?: string } | undefined)?.name);
    }
  }
  return { configMaps, secrets, claims };
}

/** Reads the referenced objects of a pod. */
export function observeReferenced(pod: Pod, objects: Reader): Referenced {
  const { namespace } = pod.metadata;
  const references = referencesOf(pod);
  const read = <Id extends 'ConfigMap' | 'Secret'>(kind: Id, names: ReadonlySet<string>) => {
    const found: Record<string, KindMap[Id]> = {};
    for (const name of [...names].sort()) {
      const object = objects.get(kind, namespace, name);
      if (object !== undefined) found[name] = object as KindMap[Id];
    }
    return found;
  };
  const claims = new Map<string, string>();
  for (const name of references.claims) {
    const claim = objects.get('PersistentVolumeClaim', namespace, name);
    if (claim !== undefined) claims.set(name, claim.metadata.uid);
  }
  return {
    configMaps: read('ConfigMap', references.configMaps),
    secrets: read('Secret', references.secrets),
    claims,
  };
}
