import { previewOf } from '../../engine/stages/notification/templates.ts';
import type { Notification, NotificationPhase } from '../../engine/stages/notification/types.ts';
import { parseTime } from '../../engine/vocabulary/core/clock.ts';
import { formatAge } from '../../engine/vocabulary/core/duration.ts';
import { type Cell, indented, type Line, labelled, plain, span, type Tone, titledTable } from './lines.ts';

const TONES: Readonly<Record<NotificationPhase, Tone>> = {
  Pending: 'busy',
  Sent: 'ok',
  Inbox: 'paused',
  Failed: 'bad',
};

/** Oldest first, so that the newest is next to the prompt. */
export function byTime(records: readonly Notification[]): Notification[] {
  return records.toSorted((left, right) =>
    left.metadata.creationTimestamp === right.metadata.creationTimestamp
      ? left.metadata.name < right.metadata.name
        ? -1
        : 1
      : left.metadata.creationTimestamp < right.metadata.creationTimestamp
        ? -1
        : 1,
  );
}

/** `pern notifications list`. */
export function notificationListLines(records: readonly Notification[], nowMs: number): Line[] {
  const rows = byTime(records).map((record): Cell[] => {
    const { spec, status } = record;
    return [
      record.metadata.name,
      spec.about.name,
      spec.trigger,
      destination(record),
      phaseSpan(record),
      ageOf(record, nowMs),
      status?.reason ?? previewOf(spec.message),
    ];
  });
  return titledTable(['NAME', 'ABOUT', 'TRIGGER', 'TO', 'STATE', 'AGE', 'MESSAGE'], rows, 2);
}

/** `pern inbox`: each message as its reader would see it. */
export function inboxLines(records: readonly Notification[], nowMs: number): Line[] {
  return byTime(records).flatMap((record, index) => [
    ...(index === 0 ? [] : [[]]),
    [
      span(`${destination(record)}  `, 'strong'),
      span(`${record.spec.trigger}, ${record.spec.about.name}, ${ageOf(record, nowMs)} ago  `, 'dim'),
      ...(record.status?.phase === 'Inbox' ? [] : [phaseSpan(record)]),
    ],
    ...indented(messageLines(record)),
  ]);
}

/** `pern notifications get`. */
export function notificationLines(record: Notification, nowMs: number): Line[] {
  const { spec, status, metadata } = record;
  return [
    ...labelled([
      ['Name', metadata.name],
      [
        'About',
        `${spec.about.kind} ${spec.about.namespace === undefined ? '' : `${spec.about.namespace}/`}${spec.about.name}`,
      ],
      ['Trigger', spec.trigger],
      ['Templates', spec.templates.join(', ')],
      ['To', destination(record)],
      ['State', [phaseSpan(record), span(spec.attempt === 1 ? '' : ` (attempt ${spec.attempt})`)]],
      ...(status?.reason === undefined ? [] : ([['Reason', status.reason]] as const)),
      ['Age', ageOf(record, nowMs)],
    ]),
    [],
    ...messageLines(record),
  ];
}

/** The text, and what the service gets besides. */
function messageLines({ spec }: Notification): Line[] {
  const { message = '', ...sections } = spec.message;
  const text = message.trimEnd() === '' ? [] : message.trimEnd().split('\n').map(plain);
  const more = Object.entries(sections).flatMap(([name, section]) => [
    [span(`${name}:`, 'dim')],
    ...JSON.stringify(section, undefined, 2)
      .split('\n')
      .map((line): Line => [span(line, 'dim')]),
  ]);
  return [...text, ...more];
}

function destination({ spec }: Notification): string {
  return spec.recipient === '' ? spec.service : `${spec.service}:${spec.recipient}`;
}

function phaseSpan({ spec, status }: Notification) {
  const phase = status === undefined || status.attempt !== spec.attempt ? 'Pending' : status.phase;
  return span(phase, TONES[phase]);
}

function ageOf({ metadata }: Notification, nowMs: number): string {
  return formatAge(nowMs - (parseTime(metadata.creationTimestamp) ?? nowMs));
}
