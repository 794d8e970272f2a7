import { type Controller, onRoot, trigger } from '#control/controller.ts';
import { Draft, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { type Condition, withCondition } from '#kube/conditions.ts';
import { KINDS, type KindMap, refOf, resourceName } from '#kube/kinds.ts';
import { isDeleting, type KubeObject } from '#kube/object.ts';

interface NamespaceObservation {
  namespace: KindMap['Namespace'];
  /** Everything in a namespace that is going; empty while it is not. */
  content: readonly KubeObject[];
}

const FINALIZER = 'kubernetes';
const NAMESPACED = KINDS.filter((kind) => kind.namespaced);

/** Empties a namespace that is being deleted, then lets it go (kubernetes-api.md §10.4). */
export const namespaceController: Controller<NamespaceObservation> = {
  name: 'namespace-controller',
  root: 'Namespace',
  triggers: [
    onRoot('Namespace'),
    ...NAMESPACED.map((kind) =>
      trigger(kind.id, (object, objects) => {
        const name = (object as KubeObject).metadata.namespace;
        const home = name === undefined ? undefined : objects.get('Namespace', undefined, name);
        return home !== undefined && isDeleting(home) ? [home.metadata.name] : [];
      }),
    ),
  ],
  observe: (key, { objects }) => {
    const namespace = objects.get('Namespace', undefined, key);
    if (namespace === undefined) return undefined;
    if (!isDeleting(namespace)) return { namespace, content: [] };
    return { namespace, content: NAMESPACED.flatMap((kind) => objects.list(kind.id, key) as readonly KubeObject[]) };
  },
  plan: planNamespace,
};

function planNamespace({ namespace, content }: NamespaceObservation, nowMs: number): Plan {
  const draft = new Draft();
  const finalizers = namespace.spec?.finalizers ?? [];
  if (!isDeleting(namespace)) {
    return draft.finish(namespace.status?.phase === 'Active' ? undefined : { ...namespace.status, phase: 'Active' });
  }
  for (const object of content.filter((candidate) => !isDeleting(candidate))) {
    draft.add({
      effect: 'delete',
      target: refOf(object),
      propagation: 'Background',
      when: { uid: object.metadata.uid },
    });
  }
  if (content.length === 0 && finalizers.includes(FINALIZER)) {
    const rest = finalizers.filter((name) => name !== FINALIZER);
    draft.add({ effect: 'patch', target: refOf(namespace), patch: { spec: { finalizers: rest } } });
  }
  return draft.finish({
    ...namespace.status,
    phase: 'Terminating',
    conditions: conditionsOf(namespace, content, nowMs),
  });
}

/** What still keeps the namespace, in the words of the namespace controller. */
function conditionsOf(namespace: KindMap['Namespace'], content: readonly KubeObject[], nowMs: number): Condition[] {
  const held = content.filter(({ metadata }) => (metadata.finalizers ?? []).length > 0);
  const kinds = NAMESPACED.flatMap((kind) => {
    const count = content.filter((object) => refOf(object).kind === kind.id).length;
    return count === 0 ? [] : [`${resourceName(kind)} has ${count} resource instances`];
  });
  const finalizers = [...new Set(held.flatMap(({ metadata }) => metadata.finalizers ?? []))].sort();
  const holding = finalizers.map(
    (name) =>
      `${name} in ${held.filter(({ metadata }) => metadata.finalizers?.includes(name)).length} resource instances`,
  );
  const entries: Condition[] = [
    {
      type: 'NamespaceContentRemaining',
      status: kinds.length > 0 ? 'True' : 'False',
      reason: kinds.length > 0 ? 'SomeResourcesRemain' : 'ContentRemoved',
      message:
        kinds.length > 0 ? `Some resources are remaining: ${kinds.join(', ')}` : 'All content successfully removed',
    },
    {
      type: 'NamespaceFinalizersRemaining',
      status: holding.length > 0 ? 'True' : 'False',
      reason: holding.length > 0 ? 'SomeFinalizersRemain' : 'ContentHasNoFinalizers',
      message:
        holding.length > 0
          ? `Some content in the namespace has finalizers remaining: ${holding.join(', ')}`
          : 'All content-preserving finalizers finished',
    },
  ];
  const before = (namespace.status?.conditions ?? []) as Condition[];
  return entries.reduce((conditions, entry) => withCondition(conditions, entry, formatTime(nowMs)), before);
}
