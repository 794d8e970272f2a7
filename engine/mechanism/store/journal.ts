import type { KubeObject } from '#kube/object.ts';

/** One acknowledged write: the object as stored, or the removal of the object with this uid. */
export type JournalEntry =
  | { op: 'put'; resourceVersion: number; object: KubeObject }
  | { op: 'remove'; resourceVersion: number; uid: string };

/**
 * Where acknowledged writes go so that they outlive the process. `append` returns when the entry is durable against the
 * end of this process; a journal that cannot do that throws, and the store then refuses the write.
 */
export interface Journal {
  load(): { resourceVersion: number; objects: KubeObject[] };
  append(entry: JournalEntry): void;
}

/** Keeps nothing: for the simulated host and for tests. */
export const volatileJournal: Journal = { load: () => ({ resourceVersion: 0, objects: [] }), append: () => {} };
