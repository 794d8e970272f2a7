import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';

/** What SQLite keeps beside a database while it is open; new ones take the mode of the database. */
const COMPANIONS = ['-wal', '-shm'];

/**
 * Lets nobody but this user read a database, before anything is written into it: every Secret of the cluster is in the
 * engine's, and pods run as other users of the same machine. Files of an earlier engine are closed to others too.
 */
export function keepPrivate(database: string): void {
  closeSync(openSync(database, 'a', 0o600));
  for (const file of [database, ...COMPANIONS.map((suffix) => `${database}${suffix}`)]) {
    if (existsSync(file)) chmodSync(file, 0o600);
  }
}
