import { NOTIFICATION, type Notification } from '../../engine/stages/notification/types.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { type Api, ApiFailure } from '../client/api.ts';
import { ObjectCache } from '../client/object-cache.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { nearestName } from '../suggest.ts';
import { type Line, span } from '../view/lines.ts';
import { byTime, inboxLines, notificationLines, notificationListLines } from '../view/notifications-text.ts';
import { printObjects } from './output.ts';
import { showLive } from './watch-view.ts';

type Draw = (records: readonly Notification[], nowMs: number) => Line[];

export async function runInbox(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal } = invocation;
  const isWanted = ({ status }: Notification) => options.flag('all') || status?.phase === 'Inbox';
  return show(invocation, isWanted, inboxLines, (count) => {
    if (count === 0) terminal.note('The inbox is empty. Next: pern notifications list');
    else terminal.note('Next: pern notifications trigger get, or configure the service in argocd-notifications-cm');
  });
}

export async function runList(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal } = invocation;
  const isWanted = ({ status }: Notification) => !options.flag('failed') || status?.phase === 'Failed';
  return show(invocation, isWanted, notificationListLines, (count) => {
    if (count === 0) terminal.note('No messages. Next: pern notifications trigger get');
    else terminal.note('Next: pern notifications get NAME');
  });
}

async function show(
  invocation: Invocation,
  isWanted: (record: Notification) => boolean,
  draw: Draw,
  close: (count: number) => void,
): Promise<ExitCode> {
  const { session, options, terminal, signal, now } = invocation;
  const api = await session.api();
  const about = options.text('app');
  const wanted = (records: readonly Notification[]) =>
    byTime(records.filter(isWanted).filter(({ spec }) => about === undefined || isAbout(spec.about.name, about)));
  if (options.flag('watch')) {
    const cache = new ObjectCache(api, [{ kind: NOTIFICATION }]);
    await cache.start(signal);
    const all = () => cache.list(NOTIFICATION) as unknown as readonly Notification[];
    await showLive({ ...invocation, cache, draw: () => draw(wanted(all()), now()) });
    return EXIT_CODES.ok;
  }
  const records = wanted(await listNotifications(api));
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide')
    await printObjects(terminal, format, records as unknown as KubeObject[], false);
  else {
    if (records.length > 0) terminal.lines(draw(records, now()));
    close(records.length);
  }
  return EXIT_CODES.ok;
}

/** An application is known by its name and by its environment's. */
function isAbout(name: string, wanted: string): boolean {
  return name === wanted || name.endsWith(`-${wanted}`);
}

export async function runGet({ session, options, terminal, now, arguments: words }: Invocation): Promise<ExitCode> {
  const record = await findNotification(await session.api(), words[0] ?? '');
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide') await printObjects(terminal, format, [record as unknown as KubeObject], true);
  else terminal.lines(notificationLines(record, now()));
  const { name } = record.metadata;
  if (record.status?.phase === 'Failed' || record.status?.phase === 'Inbox')
    terminal.note(`Next: pern notifications resend ${name}`);
  return EXIT_CODES.ok;
}

export async function runResend({ session, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const { metadata, spec } = await findNotification(api, words[0] ?? '');
  if (spec.failure !== undefined) {
    throw new CliError({
      what: `${metadata.name} has no message to send`,
      why: spec.failure,
      fix: 'correct the template and commit; the engine makes the message anew by itself',
    });
  }
  const target = { namespace: metadata.namespace, name: metadata.name };
  await api.patch(NOTIFICATION, target, { spec: { attempt: spec.attempt + 1 } });
  terminal.line(`notification '${metadata.name}' is sent again`);
  terminal.note(`Next: pern notifications get ${metadata.name}`);
  return EXIT_CODES.ok;
}

async function findNotification(api: Api, name: string): Promise<Notification> {
  const records = await listNotifications(api);
  const found = records.find(({ metadata }) => metadata.name === name);
  if (found !== undefined) return found;
  const near = nearestName(
    name,
    records.map(({ metadata }) => metadata.name),
  );
  throw new CliError({
    what: `there is no notification "${name}"`,
    fix: near === undefined ? 'see "pern notifications list"' : `did you mean "${near}"?`,
  });
}

/** All messages; a cluster has no such kind, which is said. */
export async function listNotifications(api: Api): Promise<Notification[]> {
  try {
    const { items } = await api.list(NOTIFICATION);
    return items as unknown as Notification[];
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.code !== 404) throw error;
    throw new CliError({
      what: 'this API keeps no messages',
      why: 'only the embedded engine does; on a cluster the notifications controller sends and forgets',
      fix: 'see the logs of argocd-notifications-controller',
    });
  }
}

/** What `pern status` says about messages; nothing when there is nothing to say. */
export async function inboxRemark(api: Api): Promise<Line | undefined> {
  const records = await listNotifications(api).catch(() => []);
  const count = (phase: string) => records.filter(({ status }) => status?.phase === phase).length;
  const [kept, failed] = [count('Inbox'), count('Failed')];
  if (kept + failed === 0) return undefined;
  return [
    span('messages: '),
    ...(failed === 0 ? [] : [span(`${failed} not delivered (pern notifications list --failed)`, 'warn')]),
    span(failed > 0 && kept > 0 ? ', ' : ''),
    ...(kept === 0 ? [] : [span(`${kept} in the inbox (pern inbox)`)]),
  ];
}
