import { parseTime } from '../../engine/vocabulary/core/clock.ts';
import { formatAge } from '../../engine/vocabulary/core/duration.ts';
import type { KindMap } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { eventTableLines } from './events-text.ts';
import { indented, type Line, labelled, plain } from './lines.ts';

export interface Described {
  object: KubeObject;
  /** Events of the namespace; those about other objects are left out. */
  events: readonly KindMap['Event'][];
  toYaml(value: unknown): string;
}

/** Everything about one object: metadata, its other fields as YAML, events. Values of Secrets are shown as sizes. */
export function describeLines({ object, events, toYaml }: Described, nowMs: number): Line[] {
  const { metadata } = object;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const createdMs = parseTime(metadata.creationTimestamp);
  const header = labelled([
    ['Name', metadata.name],
    ...(metadata.namespace === undefined ? [] : [['Namespace', metadata.namespace] as const]),
    ['Kind', `${object.kind} (${object.apiVersion})`],
    ['Created', createdMs === undefined ? '' : `${metadata.creationTimestamp} (${formatAge(nowMs - createdMs)} ago)`],
    ...(owner === undefined ? [] : [['Controlled By', `${owner.kind}/${owner.name}`] as const]),
    ...pairs('Labels', metadata.labels),
    ...pairs('Annotations', metadata.annotations),
  ]);
  const mine = events.filter(({ involvedObject }) => involvedObject.uid === metadata.uid);
  const eventLines = eventTableLines(mine, nowMs);
  return [
    ...header,
    ...bodyLines(object, toYaml),
    plain(eventLines.length === 0 ? 'Events:          <none>' : 'Events:'),
    ...indented(eventLines),
  ];
}

function pairs(label: string, values: Readonly<Record<string, string>> | undefined): (readonly [string, string])[] {
  const entries = Object.entries(values ?? {}).filter(([key]) => !key.endsWith('last-applied-configuration'));
  if (entries.length === 0) return [[label, '<none>']];
  return entries.sort().map(([key, value], index) => [index === 0 ? label : '', `${key}=${value}`]);
}

function bodyLines(object: KubeObject, toYaml: (value: unknown) => string): Line[] {
  const fields = Object.entries(object).filter(([key]) => !['apiVersion', 'kind', 'metadata'].includes(key));
  return fields.flatMap(([key, value]) => {
    const shown = object.kind === 'Secret' && (key === 'data' || key === 'stringData') ? sizes(value) : value;
    const title = `${key[0]?.toUpperCase()}${key.slice(1)}:`;
    if (typeof shown !== 'object' || shown === null) return labelled([[title.slice(0, -1), String(shown)]]);
    return [plain(title), ...indented(toYaml(shown).trimEnd().split('\n').map(plain))];
  });
}

function sizes(data: unknown): Record<string, string> {
  const entries = Object.entries((data ?? {}) as Record<string, string>);
  return Object.fromEntries(entries.map(([key, value]) => [key, `${Buffer.from(value, 'base64').length} bytes`]));
}
