import { formatTime, parseTime } from '../../engine/vocabulary/core/clock.ts';
import { formatAge } from '../../engine/vocabulary/core/duration.ts';
import type { KindMap } from '../../engine/vocabulary/kube/kinds.ts';
import { type Cell, type Line, span, titledTable } from './lines.ts';

export type KubeEvent = KindMap['Event'];

export function eventTimeMs(event: KubeEvent): number {
  return parseTime(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp) ?? 0;
}

/** Events as kubectl describe lists them, oldest first; empty without events. */
export function eventTableLines(events: readonly KubeEvent[], nowMs: number): Line[] {
  if (events.length === 0) return [];
  const rows = events
    .toSorted((a, b) => eventTimeMs(a) - eventTimeMs(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((event): Cell[] => [
      span(event.type ?? '', event.type === 'Warning' ? 'warn' : undefined),
      event.reason ?? '',
      `${formatAge(nowMs - eventTimeMs(event))}${(event.count ?? 1) > 1 ? ` (x${event.count})` : ''}`,
      event.reportingComponent ?? event.source?.component ?? '',
      event.message ?? '',
    ]);
  return titledTable(['TYPE', 'REASON', 'AGE', 'FROM', 'MESSAGE'], rows, 2);
}

/** Kinds whose ordinary events tell the story of a release. Of all other kinds only warnings are told. */
const NOTABLE_KINDS = new Set(['Application', 'ApplicationSet', 'Rollout', 'AnalysisRun']);

export function isNotable({ type, involvedObject }: KubeEvent): boolean {
  return type === 'Warning' || NOTABLE_KINDS.has(involvedObject.kind ?? '');
}

/** `05:36:07  pern-app-staging  Rollout/backend  RolloutStepCompleted  …`, for a stream of events. */
export function eventLine(event: KubeEvent): Line {
  const { kind, name, namespace } = event.involvedObject;
  const tone = event.type === 'Warning' ? 'warn' : undefined;
  return [
    span(`${formatTime(eventTimeMs(event)).slice(11, 19)}  `, 'dim'),
    span(`${(namespace ?? '').padEnd(20)}  `, 'dim'),
    span(`${kind}/${name}  `),
    span(`${event.reason}  `, tone ?? 'strong'),
    span(event.message ?? '', tone),
  ];
}
