/** Finalizers that the API itself puts on objects: deletion waits until the garbage collector has taken them off. */

/** Dependents go first. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion';
/** Dependents are kept, and no longer name the object as their owner. */
export const ORPHAN_FINALIZER = 'orphan';
