import type { IVolume } from 'kubernetes-models/v1/Volume';
import type { Mount, VolumeFile, VolumeSource } from '#machine/pods.ts';
import { expand } from './environment.ts';
import { fieldValue, type NodeFacts, resourceValue } from './fields.ts';
import type { Container, Pod } from './pod-types.ts';
import type { Referenced } from './references.ts';

/** A volume cannot be set up yet; the pod stays in ContainerCreating and says why. */
export class MountError extends Error {
  override name = 'MountError';
}

type Files = Record<string, VolumeFile>;
type KeyToPath = { key: string; path: string; mode?: number };

interface Sources {
  pod: Pod;
  referenced: Referenced;
  node: NodeFacts;
}

const DEFAULT_MODE = 0o644;

/** Volume name → content, for the volumes that are mounted. Throws MountError. */
export function volumeSources(sources: Sources): Record<string, VolumeSource> {
  const found: Record<string, VolumeSource> = {};
  for (const volume of sources.pod.spec.volumes ?? []) found[volume.name] = volumeSource(volume, sources);
  return found;
}

function volumeSource(volume: IVolume, sources: Sources): VolumeSource {
  const { pod, referenced } = sources;
  if (volume.emptyDir) return { type: 'emptyDir' };
  if (volume.persistentVolumeClaim) {
    const { claimName } = volume.persistentVolumeClaim;
    const uid = referenced.claims.get(claimName);
    if (uid === undefined) throw new MountError(`persistentvolumeclaim "${claimName}" not found`);
    return { type: 'claim', namespace: pod.metadata.namespace ?? '', claimName, uid };
  }
  return { type: 'files', files: inVolume(volume.name, () => filesOf(volume, sources)) };
}

function inVolume(name: string, make: () => Files): Files {
  try {
    return make();
  } catch (error) {
    throw new MountError(`MountVolume.SetUp failed for volume "${name}" : ${(error as Error).message}`);
  }
}

function filesOf(volume: IVolume, sources: Sources): Files {
  if (volume.configMap) {
    const { name, items, optional, defaultMode } = volume.configMap;
    return configMapFiles({ name: name ?? '', items, optional }, defaultMode ?? DEFAULT_MODE, sources);
  }
  if (volume.secret) {
    const { secretName, items, optional, defaultMode } = volume.secret;
    return secretFiles({ name: secretName ?? '', items, optional }, defaultMode ?? DEFAULT_MODE, sources);
  }
  if (volume.downwardAPI)
    return downwardFiles(volume.downwardAPI.items, volume.downwardAPI.defaultMode ?? DEFAULT_MODE, sources);
  const mode = volume.projected?.defaultMode ?? DEFAULT_MODE;
  const files: Files = {};
  for (const source of volume.projected?.sources ?? []) {
    if (source.configMap)
      Object.assign(files, configMapFiles({ ...source.configMap, name: source.configMap.name ?? '' }, mode, sources));
    else if (source.secret)
      Object.assign(files, secretFiles({ ...source.secret, name: source.secret.name ?? '' }, mode, sources));
    else if (source.downwardAPI) Object.assign(files, downwardFiles(source.downwardAPI.items, mode, sources));
  }
  return files;
}

interface Selection {
  name: string;
  items?: readonly KeyToPath[];
  optional?: boolean;
}

function configMapFiles(selection: Selection, mode: number, { referenced, pod }: Sources): Files {
  const object = referenced.configMaps[selection.name];
  const content: Record<string, string> = { ...object?.binaryData };
  for (const [key, text] of Object.entries(object?.data ?? {})) content[key] = toBase64(text);
  return pick(
    selection,
    { what: 'configmap', namespace: pod.metadata.namespace },
    object === undefined ? undefined : content,
    mode,
  );
}

function secretFiles(selection: Selection, mode: number, { referenced, pod }: Sources): Files {
  const object = referenced.secrets[selection.name];
  return pick(
    selection,
    { what: 'secret', namespace: pod.metadata.namespace },
    object === undefined ? undefined : (object.data ?? {}),
    mode,
  );
}

/** The chosen keys (all without `items`) as files. Throws an error that names what is missing. */
function pick(
  { name, items, optional }: Selection,
  { what, namespace }: { what: string; namespace: string | undefined },
  content: Readonly<Record<string, string>> | undefined,
  mode: number,
): Files {
  if (content === undefined) {
    if (optional === true) return {};
    throw new Error(`${what} "${name}" not found`);
  }
  const files: Files = {};
  const wanted: readonly KeyToPath[] =
    items ??
    Object.keys(content)
      .sort()
      .map((key) => ({ key, path: key }));
  for (const item of wanted) {
    const base64 = content[item.key];
    if (base64 !== undefined) files[item.path] = { base64, mode: item.mode ?? mode };
    else if (optional !== true)
      throw new Error(`references non-existent ${what} key: ${namespace}/${name}: ${item.key}`);
  }
  return files;
}

type DownwardItem = {
  path: string;
  mode?: number;
  fieldRef?: { fieldPath: string };
  resourceFieldRef?: { containerName?: string; resource: string; divisor?: string | number };
};

function downwardFiles(items: readonly DownwardItem[] | undefined, mode: number, { pod, node }: Sources): Files {
  const files: Files = {};
  for (const item of items ?? []) {
    const text = item.fieldRef
      ? fieldValue(pod, item.fieldRef.fieldPath, node)
      : item.resourceFieldRef
        ? resourceValue(pod, item.resourceFieldRef, undefined)
        : '';
    files[item.path] = { base64: toBase64(text), mode: item.mode ?? mode };
  }
  return files;
}

/** A container's mounts, with subPathExpr resolved by its environment. Throws MountError for an unknown volume. */
export function mountsOf(
  container: Container,
  volumes: Readonly<Record<string, VolumeSource>>,
  env: Readonly<Record<string, string>>,
): Mount[] {
  return (container.volumeMounts ?? []).map((mount) => {
    const source = volumes[mount.name];
    if (source === undefined)
      throw new MountError(`volumeMounts: volume "${mount.name}" is not defined in spec.volumes`);
    const subPath = mount.subPath ?? (mount.subPathExpr === undefined ? undefined : expand(mount.subPathExpr, env));
    const readOnly = mount.readOnly === true || source.type === 'files';
    return { volume: mount.name, source, mountPath: mount.mountPath, ...(subPath ? { subPath } : {}), readOnly };
  });
}

function toBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}
