import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube/object.ts';
import { type JournalEntry, volatileJournal } from './journal.ts';
import { ExpiredError, Store } from './store.ts';

function config(name: string, extra: Partial<KubeObject['metadata']> = {}, data?: Record<string, string>): KubeObject {
  const metadata = {
    name,
    namespace: 'shop',
    uid: `uid-${name}`,
    resourceVersion: '',
    creationTimestamp: '2026-01-05T09:00:00Z',
    ...extra,
  };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
}

describe('the versioned store', () => {
  it('counts one resourceVersion over all objects and freezes what it holds', () => {
    const store = new Store(volatileJournal);
    store.put(config('a'));
    const second = store.put(config('b'));
    expect(second.metadata.resourceVersion).toBe('2');
    expect(Object.isFrozen(second.metadata)).toBe(true);
    expect(store.resourceVersion).toBe(2);
  });

  it('lists sorted by name, by namespace, and by owner', () => {
    const store = new Store(volatileJournal);
    const owner = { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'owner', controller: true };
    store.put(config('b', { ownerReferences: [owner] }));
    store.put(config('a'));
    store.put(config('c', { namespace: 'other' }));
    const names = (objects: readonly { metadata: { name: string } }[]) => objects.map((object) => object.metadata.name);
    expect(names(store.list('ConfigMap'))).toEqual(['c', 'a', 'b']);
    expect(names(store.list('ConfigMap', 'shop'))).toEqual(['a', 'b']);
    expect(names(store.ownedBy('ConfigMap', 'owner'))).toEqual(['b']);
    store.put(config('b'));
    expect(store.ownedBy('ConfigMap', 'owner')).toEqual([]);
  });

  it('delivers writes made by a listener after the event the listener is in', () => {
    const store = new Store(volatileJournal);
    const seen: string[] = [];
    store.subscribe((event) => {
      if (event.object.metadata.name === 'a' && event.type === 'ADDED') store.put(config('from-listener'));
    });
    store.subscribe((event) => seen.push(`${event.type} ${event.object.metadata.name}`));
    store.put(config('a'));
    expect(seen).toEqual(['ADDED a', 'ADDED from-listener']);
  });

  it('tells every listener of a write, although one of them throws', () => {
    const store = new Store(volatileJournal);
    const seen: string[] = [];
    store.subscribe(() => {
      throw new Error('a defect');
    });
    store.subscribe((event) => seen.push(event.object.metadata.name));
    expect(() => store.put(config('a'))).toThrow('a defect');
    expect(() => store.put(config('b'))).toThrow('a defect');
    expect(seen).toEqual(['a', 'b']);
  });

  it('replays events after a version, and refuses versions it no longer holds (410)', () => {
    const store = new Store(volatileJournal, { historyMax: 4 });
    for (let index = 0; index < 20; index++) store.put(config('a', {}, { index: String(index) }));
    expect(store.eventsSince(18).map((event) => event.resourceVersion)).toEqual([19, 20]);
    expect(store.eventsSince(20)).toEqual([]);
    expect(() => store.eventsSince(1)).toThrow(ExpiredError);
  });

  it('journals a write before anybody sees it; a write that cannot be journalled did not happen', () => {
    const store = new Store({
      load: () => ({ resourceVersion: 0, objects: [] }),
      append: () => {
        throw new Error('disk full');
      },
    });
    const seen: unknown[] = [];
    store.subscribe((event) => seen.push(event));
    expect(() => store.put(config('a'))).toThrow('disk full');
    expect(store.get('ConfigMap', 'shop', 'a')).toBeUndefined();
    expect(store.resourceVersion).toBe(0);
    expect(seen).toEqual([]);
  });

  it('is the same store after a restart from its journal', () => {
    const entries: JournalEntry[] = [];
    const store = new Store({ load: volatileJournal.load, append: (entry) => entries.push(entry) });
    store.put(config('a'));
    store.put(config('b'));
    store.remove({ kind: 'ConfigMap', namespace: 'shop', name: 'a' });
    const objects = new Map<string, KubeObject>();
    for (const entry of entries) {
      if (entry.op === 'put') objects.set(entry.object.metadata.uid, entry.object);
      else objects.delete(entry.uid);
    }
    const again = new Store({
      ...volatileJournal,
      load: () => ({ resourceVersion: 3, objects: [...objects.values()] }),
    });
    expect(again.list('ConfigMap')).toEqual(store.list('ConfigMap'));
    expect(again.resourceVersion).toBe(store.resourceVersion);
  });
});
