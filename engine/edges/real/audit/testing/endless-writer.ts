/** A process that records without end, for tests that kill it: `node endless-writer.ts FOLDER`. Prints a dot once it has begun. */
import { AuditLog } from '../audit-log.ts';

const log = new AuditLog({ folder: process.argv[2] as string, now: () => Date.now() });
let count = 0;

function write(): void {
  const entry = {
    time: new Date().toISOString(),
    identity: 'writer',
    groups: [],
    source: 'test',
    verb: 'update',
    object: `ConfigMap default/c-${count}`,
    outcome: 'allowed' as const,
    rule: 'x'.repeat(count % 300),
  };
  log.begin(entry);
  log.append(entry);
  if (++count === 20) process.stdout.write('.');
  setImmediate(write);
}

write();
