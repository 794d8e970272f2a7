import { type Controller, onRoot } from '#control/controller.ts';
import { Draft, type Plan } from '#control/plan.ts';
import { type KindMap, refOf } from '#kube/kinds.ts';
import { isDeleting, splitKey } from '#kube/object.ts';

type Claim = KindMap['PersistentVolumeClaim'];

/** The class of claims that name none, as single-node clusters call it. */
export const DEFAULT_STORAGE_CLASS = 'local-path';

/** Binds claims: each is a folder of this machine, so there is nothing to wait for. */
export const persistentVolumeClaimController: Controller<{ claim: Claim }> = {
  name: 'persistentvolume-binder',
  root: 'PersistentVolumeClaim',
  triggers: [onRoot('PersistentVolumeClaim')],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const claim = objects.get('PersistentVolumeClaim', namespace, name);
    return claim === undefined ? undefined : { claim };
  },
  plan: planClaim,
};

function planClaim({ claim }: { claim: Claim }): Plan {
  const draft = new Draft();
  const { spec, status } = claim;
  if (isDeleting(claim)) return draft.finish();
  if (spec.volumeMode === 'Block') {
    if (status?.phase !== 'Pending')
      draft.note('Warning', 'ProvisioningFailed', 'spec.volumeMode: Block is not supported: claims are folders');
    return draft.finish({ ...status, phase: 'Pending' });
  }
  if (spec.storageClassName === undefined) {
    draft.add({ effect: 'patch', target: refOf(claim), patch: { spec: { storageClassName: DEFAULT_STORAGE_CLASS } } });
  }
  if (status?.phase !== 'Bound') {
    const storageClass = spec.storageClassName ?? DEFAULT_STORAGE_CLASS;
    draft.note(
      'Normal',
      'ProvisioningSucceeded',
      `Bound to a local folder; storage class ${storageClass} and the requested size are not enforced`,
    );
  }
  const capacity = spec.resources?.requests?.storage;
  return draft.finish({
    phase: 'Bound',
    ...(spec.accessModes === undefined ? {} : { accessModes: spec.accessModes }),
    ...(capacity === undefined ? {} : { capacity: { storage: capacity } }),
  });
}
