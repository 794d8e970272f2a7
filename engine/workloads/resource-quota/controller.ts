import { kindOfQuotaResource, quotaUsage } from '#api/quota/usage.ts';
import { type Controller, onRoot, trigger } from '#control/controller.ts';
import { Draft } from '#control/plan.ts';
import { type Amount, amountText, canonicalQuantity } from '#kube/canonical-quantity.ts';
import { KINDS, type KindMap } from '#kube/kinds.ts';
import { type KubeObject, objectKey, splitKey } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';

type ResourceQuota = KindMap['ResourceQuota'];

interface QuotaObservation {
  quota: ResourceQuota;
  /** By resource; resources that nothing served uses are not in it. */
  used: ReadonlyMap<string, Amount>;
}

/** Says in each quota's status how much of it is used. Refusing what does not fit is the admission's business. */
export const resourceQuotaController: Controller<QuotaObservation> = {
  name: 'resourcequota-controller',
  root: 'ResourceQuota',
  triggers: [
    onRoot('ResourceQuota'),
    ...KINDS.filter(({ namespaced, id }) => namespaced && id !== 'Event').map((kind) =>
      trigger(kind.id, (object, objects) => quotasCounting(kind.id, object as unknown as KubeObject, objects)),
    ),
  ],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const quota = objects.get('ResourceQuota', namespace, name);
    return quota && { quota, used: quotaUsage(quota as unknown as KubeObject, objects) };
  },
  plan: ({ quota, used }) => {
    const hard = Object.entries(quota.spec.hard ?? {}).map(([name, value]) => [name, canonicalQuantity(value)]);
    const usage = [...used].sort(([left], [right]) => (left < right ? -1 : 1));
    return new Draft().finish({
      hard: Object.fromEntries(hard),
      used: Object.fromEntries(usage.map(([name, amount]) => [name, amountText(amount)])),
    });
  },
};

function quotasCounting(kindId: string, { metadata }: KubeObject, objects: Reader): string[] {
  return objects
    .list('ResourceQuota', metadata.namespace)
    .filter(({ spec }) => Object.keys(spec.hard ?? {}).some((name) => kindOfQuotaResource(name)?.id === kindId))
    .map(objectKey);
}
