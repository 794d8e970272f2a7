import { isRecord, valueAt } from '#core/json.ts';
import { apiVersionOf, findKind, kindIdOf } from '#kube/kinds.ts';
import { controllerOf, type KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';

const TRACKING = 'argocd.argoproj.io/tracking-id';
const INSTANCE = 'app.kubernetes.io/instance';
const OWNERS_MAX = 8;

/**
 * The Application an object belongs to: the one whose tracking id it carries, else that of its owner (a pod's ReplicaSet, that
 * one's Rollout); an Event belongs where the object it is about does. Undefined for what no Application deploys.
 */
export function managedBy(object: KubeObject, reader: Reader, controlPlane: string): KubeObject | undefined {
  let current: KubeObject | undefined = object.kind === 'Event' ? subjectOf(object, reader) : object;
  for (let depth = 0; depth < OWNERS_MAX && current !== undefined; depth++) {
    if (kindIdOf(current) === 'Application.argoproj.io')
      return depth > 0 || object.kind === 'Event' ? current : undefined;
    const found = trackedBy(current, reader, controlPlane);
    if (found !== undefined) return found;
    const owner = controllerOf(current)?.uid ?? current.metadata.ownerReferences?.[0]?.uid;
    current = owner === undefined ? undefined : reader.byUid(owner);
  }
  return undefined;
}

function subjectOf(event: KubeObject, reader: Reader): KubeObject | undefined {
  const uid = valueAt(event, ['involvedObject', 'uid']);
  return typeof uid === 'string' ? reader.byUid(uid) : undefined;
}

function trackedBy(object: KubeObject, reader: Reader, controlPlane: string): KubeObject | undefined {
  const { annotations = {}, labels = {} } = object.metadata;
  const id = annotations[TRACKING];
  if (id === undefined) return labelledBy(object, labels[INSTANCE], reader, controlPlane);
  const colon = id.indexOf(':');
  if (colon < 0 || id.slice(colon + 1) !== selfOf(object)) return undefined;
  return findApplication(id.slice(0, colon), reader, controlPlane);
}

/** `GROUP/KIND:NAMESPACE/NAME`. A tracking id that was copied from another object says nothing. */
function selfOf({ apiVersion, kind, metadata }: KubeObject): string {
  const slash = apiVersion.indexOf('/');
  return `${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}:${metadata.namespace ?? ''}/${metadata.name}`;
}

/** `NAME`, or `NAMESPACE_NAME` outside of the control plane's namespace. */
function findApplication(instance: string, reader: Reader, controlPlane: string): KubeObject | undefined {
  const underscore = instance.indexOf('_');
  const [namespace, name] =
    underscore < 0 ? [controlPlane, instance] : [instance.slice(0, underscore), instance.slice(underscore + 1)];
  return reader.get('Application.argoproj.io', namespace, name) as KubeObject | undefined;
}

/** With tracking by label anybody may carry the label: the Application must have the object among its resources. */
function labelledBy(
  object: KubeObject,
  instance: string | undefined,
  reader: Reader,
  controlPlane: string,
): KubeObject | undefined {
  const application = instance === undefined ? undefined : findApplication(instance, reader, controlPlane);
  const resources = valueAt(application, ['status', 'resources']);
  if (application === undefined || !Array.isArray(resources)) return undefined;
  const kind = findKind(kindIdOf(object));
  if (kind === undefined || apiVersionOf(kind) !== object.apiVersion) return undefined;
  const isListed = resources.some(
    (item) =>
      isRecord(item) &&
      (item.group ?? '') === kind.group &&
      item.kind === kind.kind &&
      item.name === object.metadata.name &&
      (item.namespace ?? '') === (object.metadata.namespace ?? ''),
  );
  return isListed ? application : undefined;
}
