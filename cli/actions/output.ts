import { apiVersionOf, type ResourceKind, resourceName } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import type { Terminal } from '../terminal.ts';

/** Prints objects for machines: `-o json`, `-o yaml` (one object, or a List), `-o name`. */
export async function printObjects(
  terminal: Terminal,
  format: string,
  objects: readonly KubeObject[],
  isSingle: boolean,
): Promise<void> {
  if (format === 'name') {
    terminal.lines(objects.map(objectName));
    return;
  }
  const value = isSingle ? objects[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: objects };
  if (format === 'json') {
    terminal.write(`${JSON.stringify(value, undefined, 2)}\n`);
    return;
  }
  const { stringify } = await import('yaml');
  terminal.write(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
}

/** `rollout.argoproj.io/backend`, as `kubectl get -o name`. */
function objectName({ apiVersion, kind, metadata }: KubeObject): string {
  const slash = apiVersion.indexOf('/');
  return `${kind.toLowerCase()}${slash < 0 ? '' : `.${apiVersion.slice(0, slash)}`}/${metadata.name}`;
}

/** Says on stderr that a list is empty, so that stdout stays empty for machines. */
export function noteNothing(terminal: Terminal, kind: ResourceKind, namespace: string | undefined): void {
  const where = namespace === undefined || !kind.namespaced ? '' : ` in namespace ${namespace}`;
  terminal.note(`No ${resourceName(kind)} found${where}.`);
}

export function withKind(object: KubeObject, kind: ResourceKind): KubeObject {
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
}
