import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KubeObject } from '#kube/object.ts';
import { SortedObjects, sortedByKey } from './sorted-objects.ts';

const object = (name: string, version: number) =>
  ({ kind: 'X', metadata: { name, resourceVersion: String(version) } }) as unknown as KubeObject;

it('shows what a map sorted by key shows, after any changes, and never changes a list it has handed out', () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'a-b', 'a/b', 'b', 'c', 'd'),
    gone: fc.boolean(),
    read: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const list = new SortedObjects();
      const model = new Map<string, KubeObject>();
      const handedOut: [list: readonly KubeObject[], copy: readonly KubeObject[]][] = [];
      changes.forEach(({ name, gone, read }, version) => {
        if (gone) model.delete(name);
        else model.set(name, object(name, version));
        list.set(name, model.get(name));
        if (read) handedOut.push([list.read(), [...list.read()]]);
      });
      expect(list.read()).toEqual(sortedByKey(model.values()));
      for (const [seen, copy] of handedOut) expect(seen).toEqual(copy);
    }),
    { seed: 11, numRuns: 500 },
  );
});
