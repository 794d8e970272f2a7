import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import { VirtualTime } from '#edges/sim/virtual-time.ts';
import type { Manifest } from '#kube/object.ts';
import { volatileJournal } from '#store/journal.ts';
import { Store } from '#store/store.ts';
import { type Admission, builtInAdmission, chain } from './admission.ts';
import { Resources } from './resources.ts';

/** The API over an empty store with the namespace `shop`, after the built-in admission with one more. For tests. */
export function resourcesWith(
  admission: Admission,
  labels: Record<string, string> = {},
): { resources: Resources; time: VirtualTime } {
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  const resources = new Resources({
    store: new Store(volatileJournal),
    clock: time,
    ids: entropyIds(seededEntropy(1)),
    admission: chain(builtInAdmission({ serviceNetwork: '127.30' }), admission),
  });
  resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } });
  return { resources, time };
}

/** An object in namespace `shop`. */
export function kubeObject(apiVersion: string, kind: string, name: string, spec: unknown): Manifest {
  return { apiVersion, kind, metadata: { name, namespace: 'shop' }, spec };
}
