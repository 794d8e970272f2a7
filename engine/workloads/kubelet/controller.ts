import { type Controller, onRoot, trigger } from '#control/controller.ts';
import { objectKey, splitKey } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { podAddress } from './addresses.ts';
import type { KubeletObservation } from './observation.ts';
import { planPod } from './plan.ts';
import { isTerminal, type Pod } from './pod-types.ts';
import { observeReferenced, type References, referencesOf } from './references.ts';

export { sandboxCleanupController } from './sandbox-cleanup.ts';

export interface KubeletConfiguration {
  /** First two bytes of the pods' addresses, e.g. `127.20`: pods get 127.20.0.2 and upward. */
  podNetwork: string;
  /** The node's own address, for status.hostIP. */
  hostIp?: string;
}

/** Runs the pods that are bound to the node: sandbox, containers, probes, restarts, end, and the whole pod status. */
export function kubeletController(configuration: KubeletConfiguration): Controller<KubeletObservation> {
  const { podNetwork, hostIp = '127.0.0.1' } = configuration;
  return {
    name: 'kubelet',
    root: 'Pod',
    triggers: [
      onRoot('Pod'),
      trigger('ConfigMap', (object, objects) => readers('configMaps', object, objects)),
      trigger('Secret', (object, objects) => readers('secrets', object, objects)),
      trigger('PersistentVolumeClaim', (object, objects) => readers('claims', object, objects)),
    ],
    observe(key, { objects, machine, answers }) {
      const { namespace, name } = splitKey(key);
      const pod = objects.get('Pod', namespace, name);
      if (pod === undefined || (pod.spec.nodeName ?? '') === '') return undefined;
      const sandbox = machine.sandbox(pod.metadata.uid);
      const hasLinks = pod.spec.enableServiceLinks !== false && !isTerminal(pod);
      return {
        pod,
        sandbox,
        referenced: observeReferenced(pod, objects),
        services: hasLinks ? objects.list('Service', namespace) : [],
        podIp: sandbox?.ip ?? podAddress(pod, objects, machine.sandboxes(), podNetwork),
        hostIp,
        answers,
      };
    },
    plan: planPod,
  };
}

/** Keys of the pods that read an object. */
function readers(
  kind: keyof References,
  { metadata }: { metadata: { namespace?: string; name: string } },
  objects: Reader,
): string[] {
  const reads = (pod: Pod) => !isTerminal(pod) && referencesOf(pod)[kind].has(metadata.name);
  return objects.list('Pod', metadata.namespace).filter(reads).map(objectKey);
}
