import type { Resources } from '#api/resources.ts';
import { type Clock, formatTime } from '#core/clock.ts';
import { fnv1a32 } from '#core/json.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { isDeleting, objectKey } from '#kube/object.ts';
import type { EventNote } from './plan.ts';

/** Newest events of one object that are kept; older ones are dropped, as a cluster drops them after an hour. */
const EVENTS_PER_OBJECT_MAX = 40;

type RecordedEvent = KindMap['Event'];

/**
 * Writes core/v1 Events about objects. The same note about the same object raises `count` and `lastTimestamp` of one
 * Event, as client-go's correlator does; its name is derived from the note, so a restart continues the count.
 */
export class EventRecorder {
  readonly #resources: Resources;
  readonly #clock: Clock;
  /** Events by the uid of what they are about, kept from the first event on: `namespace/name` → event. */
  readonly #byObject = new Map<string, Map<string, RecordedEvent>>();
  #isIndexed = false;

  constructor(resources: Resources, clock: Clock) {
    this.#resources = resources;
    this.#clock = clock;
  }

  record(source: string, about: KubeObject, note: EventNote): void {
    const namespace = about.metadata.namespace ?? 'default';
    const name = `${about.metadata.name}.${identityOf(source, about, note)}`;
    const existing = this.#resources.store.get('Event', namespace, name);
    const time = formatTime(this.#clock.now());
    if (existing !== undefined) {
      if (note.once) return;
      this.#resources.patch(
        { kind: 'Event', namespace, name },
        { type: 'merge', patch: { count: (existing.count ?? 1) + 1, lastTimestamp: time } },
      );
      return;
    }
    const home = this.#resources.store.get('Namespace', undefined, namespace);
    if (home === undefined || isDeleting(home)) return;
    this.#resources.create(eventObject({ source, about, note, namespace, name, time }));
    this.#dropOldest(about);
  }

  #dropOldest(about: KubeObject): void {
    this.#startIndex();
    const events = [...(this.#byObject.get(about.metadata.uid)?.values() ?? [])];
    if (events.length <= EVENTS_PER_OBJECT_MAX) return;
    const oldest = events.sort((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? -1 : 1));
    for (const { metadata } of oldest.slice(0, events.length - EVENTS_PER_OBJECT_MAX)) {
      this.#resources.delete({ kind: 'Event', namespace: metadata.namespace, name: metadata.name });
    }
  }

  /** A list of all events for each new one would cost more the more objects there are. */
  #startIndex(): void {
    if (this.#isIndexed) return;
    this.#isIndexed = true;
    const { store } = this.#resources;
    for (const event of store.list('Event')) this.#add(event);
    store.subscribe(({ type, object }) => {
      if (object.kind !== 'Event' || object.apiVersion !== 'v1') return;
      if (type === 'DELETED') this.#remove(object as unknown as RecordedEvent);
      else this.#add(object as unknown as RecordedEvent);
    });
  }

  #add(event: RecordedEvent): void {
    const uid = event.involvedObject.uid ?? '';
    const events = this.#byObject.get(uid) ?? new Map<string, RecordedEvent>();
    this.#byObject.set(uid, events);
    events.set(objectKey(event), event);
  }

  #remove(event: RecordedEvent): void {
    const uid = event.involvedObject.uid ?? '';
    const events = this.#byObject.get(uid);
    events?.delete(objectKey(event));
    if (events?.size === 0) this.#byObject.delete(uid);
  }
}

function identityOf(source: string, about: KubeObject, note: EventNote): string {
  return fnv1a32(`${source}|${about.metadata.uid}|${note.type}|${note.reason}|${note.message}`)
    .toString(16)
    .padStart(8, '0');
}

function eventObject(parts: {
  source: string;
  about: KubeObject;
  note: EventNote;
  namespace: string;
  name: string;
  time: string;
}): Manifest {
  const { source, about, note, namespace, name, time } = parts;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name: about.metadata.name,
      ...(about.metadata.namespace === undefined ? {} : { namespace: about.metadata.namespace }),
      uid: about.metadata.uid,
      resourceVersion: about.metadata.resourceVersion,
    },
    reason: note.reason,
    message: note.message,
    type: note.type,
    source: { component: source },
    reportingComponent: source,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}
