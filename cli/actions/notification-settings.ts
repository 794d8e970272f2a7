import { readFileSync } from 'node:fs';
import { parseAllDocuments, stringify } from 'yaml';
import {
  type NotificationConfig,
  NotificationConfigError,
  parseNotificationConfig,
} from '../../engine/stages/notification/config.ts';
import { messageOf, notificationRecord } from '../../engine/stages/notification/delivery-requests.ts';
import { APPLICATION_SETTINGS } from '../../engine/stages/notification/settings.ts';
import type { Destination } from '../../engine/stages/notification/subscriptions.ts';
import { previewOf } from '../../engine/stages/notification/templates.ts';
import { runTrigger, UnknownTriggerError } from '../../engine/stages/notification/triggers.ts';
import { NOTIFICATION } from '../../engine/stages/notification/types.ts';
import { applicationVariables, type Lookup, type Variables } from '../../engine/stages/notification/variables.ts';
import { isRecord } from '../../engine/vocabulary/core/json.ts';
import type { Answer } from '../../engine/vocabulary/machine/questions.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { runGit } from '../git/repository.ts';
import { nearestName } from '../suggest.ts';
import type { Application } from '../view/environments.ts';
import { type Cell, span, titledTable } from '../view/lines.ts';
import { findApplication } from './app.ts';

const CONSOLE: Destination = { service: 'console', recipient: 'stdout' };

export async function runTemplateGet(invocation: Invocation): Promise<ExitCode> {
  const { terminal, arguments: words } = invocation;
  const { templates } = await readSettings(invocation);
  const [name] = words;
  if (name !== undefined) {
    terminal.write(stringify(known('template', name, templates), { lineWidth: 0 }));
    terminal.note(`Next: pern notifications template notify ${name} APP`);
    return EXIT_CODES.ok;
  }
  const rows = [...templates].map(([key, template]) => [key, previewOf(template)]);
  terminal.lines(titledTable(['NAME', 'PREVIEW'], rows));
  terminal.note('Next: pern notifications template notify NAME APP');
  return EXIT_CODES.ok;
}

export async function runTriggerGet(invocation: Invocation): Promise<ExitCode> {
  const { terminal, arguments: words } = invocation;
  const { triggers } = await readSettings(invocation);
  const [name] = words;
  const shown = name === undefined ? [...triggers] : [[name, known('trigger', name, triggers)] as const];
  const rows = shown.flatMap(([key, conditions]) =>
    conditions.map(({ when, oncePer, send }, index) => [index === 0 ? key : '', when, oncePer, send.join(', ')]),
  );
  terminal.lines(titledTable(['NAME', 'WHEN', 'ONCE PER', 'SEND'], rows));
  terminal.note('Next: pern notifications trigger run NAME APP');
  return EXIT_CODES.ok;
}

export async function runTriggerRun(invocation: Invocation): Promise<ExitCode> {
  const { terminal, arguments: words } = invocation;
  const [name = '', app = ''] = words;
  const config = await readSettings(invocation);
  const { variables } = await readSubject(invocation, config, app);
  known('trigger', name, config.triggers);
  const results = runChecked(config, name, variables);
  const rows = results.map(({ key, triggered, oncePer, send, problem }): Cell[] => [
    key,
    triggered ? span('true', 'ok') : span('false', 'dim'),
    oncePer,
    send.join(', '),
    problem === undefined ? '' : span(problem.split('\n')[0] as string, 'warn'),
  ]);
  terminal.lines(titledTable(['CONDITION', 'TRIGGERED', 'ONCE PER', 'TEMPLATES', 'PROBLEM'], rows));
  const fired = results.find(({ triggered }) => triggered);
  if (fired === undefined) return EXIT_CODES.finding;
  terminal.note(`Next: pern notifications template notify ${fired.send[0] ?? 'NAME'} ${app}`);
  return EXIT_CODES.ok;
}

function runChecked(config: NotificationConfig, name: string, variables: Variables) {
  try {
    return runTrigger(config, name, variables.environment);
  } catch (error) {
    if (error instanceof UnknownTriggerError) throw new CliError({ what: error.message });
    throw error;
  }
}

export async function runTemplateNotify(invocation: Invocation): Promise<ExitCode> {
  const { terminal, options, arguments: words } = invocation;
  const [name = '', app = ''] = words;
  const config = await readSettings(invocation);
  const { application, variables } = await readSubject(invocation, config, app);
  known('template', name, config.templates);
  const given = options.texts('recipient');
  const destinations = given.length === 0 ? [CONSOLE] : given.map(parseRecipient);
  for (const destination of destinations) {
    const message = messageOf({ config, secretKeys: [], templates: [name], variables, destination });
    if (message.failure !== undefined)
      throw new CliError({ what: message.failure, exitCode: EXIT_CODES.finding, fix: 'correct the template' });
    if (destination.service === CONSOLE.service) terminal.write(stringify(message.message, { lineWidth: 0 }));
    else await send(invocation, application, name, destination, message);
  }
  if (given.length === 0)
    terminal.note(`Next: pern notifications template notify ${name} ${app} --recipient SERVICE:RECIPIENT`);
  return EXIT_CODES.ok;
}

/** Has the running engine send it: it knows the Secret, this command does not. */
async function send(
  { session, options, terminal, now }: Invocation,
  application: Application,
  template: string,
  destination: Destination,
  message: ReturnType<typeof messageOf>,
): Promise<void> {
  if (options.text('config-map') !== undefined) {
    throw new CliError({
      what: '--recipient and --config-map exclude each other',
      why: 'the running engine sends with the settings it has',
      fix: 'leave out --recipient to print the message, or commit the ConfigMap first',
    });
  }
  const identity = {
    key: `manual:${template}:${destination.service}:${destination.recipient}`,
    trigger: 'manual',
    destination,
    templates: [template],
    salt: String(now()),
  };
  const about = { ...application, apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' };
  const record = notificationRecord(about, APPLICATION_SETTINGS, identity, message);
  const api = await session.api();
  await api.create(NOTIFICATION, APPLICATION_SETTINGS.namespace, record);
  terminal.line(`notification '${record.metadata.name}' is on its way`);
  terminal.note(`Next: pern notifications get ${record.metadata.name}`);
}

function parseRecipient(text: string): Destination {
  const [service = '', recipient = ''] = text.split(':');
  if (service === '') throw new CliError({ what: `--recipient ${text}: SERVICE:RECIPIENT is required` });
  return { service, recipient };
}

/** The settings of a file, or those of the running engine. */
async function readSettings({ session, options }: Invocation): Promise<NotificationConfig> {
  const file = options.text('config-map');
  const where = file ?? `ConfigMap ${APPLICATION_SETTINGS.namespace}/${APPLICATION_SETTINGS.configMap}`;
  const data = file === undefined ? await storedData(session) : dataOfFile(file);
  try {
    return parseNotificationConfig(data);
  } catch (error) {
    if (!(error instanceof NotificationConfigError)) throw error;
    const { key, line, reason } = error;
    throw new CliError({
      what: reason,
      where: `${where}, data["${key}"]${line === undefined ? '' : `, line ${line}`}`,
      exitCode: EXIT_CODES.finding,
    });
  }
}

async function storedData(session: Invocation['session']): Promise<Record<string, string>> {
  const { namespace, configMap } = APPLICATION_SETTINGS;
  const found = await (await session.api()).find('ConfigMap', namespace, configMap);
  if (found !== undefined) return (found.data ?? {}) as Record<string, string>;
  throw new CliError({
    what: `there is no ConfigMap ${namespace}/${configMap}`,
    why: 'notifications are not configured',
    fix: 'add one to pern-gitops/projects and commit, or try a file with --config-map FILE',
  });
}

function dataOfFile(file: string): Record<string, string> {
  const found = objectsOf(file).find(({ kind }) => kind === 'ConfigMap');
  if (found === undefined) throw new CliError({ what: 'the file holds no ConfigMap', where: file });
  const data = isRecord(found.data) ? found.data : {};
  const wrong = Object.keys(data).find((key) => typeof data[key] !== 'string');
  if (wrong !== undefined) throw new CliError({ what: `data["${wrong}"]: text is required`, where: file });
  return data as Record<string, string>;
}

/** The Application the words name: a file, or one of the running engine. */
async function readSubject(invocation: Invocation, config: NotificationConfig, word: string) {
  const application = await readApplication(invocation, word);
  const { project: name } = application.spec;
  const isFile = /[/\\]|\.ya?ml$|\.json$/.test(word);
  const project = isFile
    ? undefined
    : await (await invocation.session.api()).find('AppProject.argoproj.io', application.metadata.namespace ?? '', name);
  const lookup = repositoryLookup(invocation);
  const variables = applicationVariables({ application, project, context: config.context }, lookup, invocation.now());
  return { application, variables };
}

async function readApplication({ session }: Invocation, word: string): Promise<Application> {
  if (!/[/\\]|\.ya?ml$|\.json$/.test(word)) return findApplication(await session.api(), word);
  const found = objectsOf(word).find(({ kind }) => kind === 'Application');
  if (found === undefined) throw new CliError({ what: 'the file holds no Application', where: word });
  return found as unknown as Application;
}

function objectsOf(file: string): Record<string, unknown>[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError({ what: `the file cannot be read: ${(error as Error).message}`, where: file });
  }
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      const { line, col } = problem.linePos?.[0] ?? { line: 1, col: 1 };
      throw new CliError({ what: problem.message.split('\n')[0] as string, where: `${file}:${line}:${col}` });
    }
    const value: unknown = document.toJS();
    return isRecord(value) ? [value] : [];
  });
}

/** Commits are looked up in the repository at hand; the engine would ask the Application's own. */
function repositoryLookup({ session }: Invocation): Lookup {
  return {
    ask: (question) => {
      const failed = (message: string) => ({ ok: false, failure: { code: 'NotFound', message } }) as Answer as never;
      if (question.ask !== 'commit') return failed('is not known outside of the engine');
      try {
        const { sha } = question;
        if (!/^[0-9a-f]{7,64}$/.test(sha)) return failed(`"${sha}" is no commit`);
        const text = runGit(session.repository(), ['show', '-s', '--format=%an <%ae>%n%at%n%B', sha, '--']);
        const [author = '', seconds = '0', ...message] = text.split('\n');
        const tags = runGit(session.repository(), ['tag', '--points-at', sha])
          .split('\n')
          .filter((tag) => tag !== '');
        const value = { author, authoredAtMs: Number(seconds) * 1000, message: message.join('\n').trimEnd(), tags };
        return { ok: true, value } as Answer as never;
      } catch (error) {
        return failed((error as Error).message);
      }
    },
  };
}

function known<T>(what: string, name: string, all: ReadonlyMap<string, T>): T {
  const found = all.get(name);
  if (found !== undefined) return found;
  const near = nearestName(name, [...all.keys()]);
  const names = [...all.keys()].join(', ');
  throw new CliError({
    what: `there is no ${what} "${name}"`,
    fix: near === undefined ? `use one of: ${names || 'none is configured'}` : `did you mean "${near}"?`,
  });
}
