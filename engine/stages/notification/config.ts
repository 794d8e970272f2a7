import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { isRecord } from '#core/json.ts';
import { type LabelSelector, parseLabelSelector } from './label-selector.ts';

/** One condition of a trigger. */
export interface TriggerCondition {
  when: string;
  oncePer: string;
  send: readonly string[];
  description: string;
}

/** `service.TYPE(.NAME)`: `options` as written, `$key` references to the Secret not yet replaced. */
export interface ServiceConfig {
  type: string;
  name: string;
  options: unknown;
  /** Keys of the Secret that the options refer to, sorted. */
  secretKeys: readonly string[];
}

/** `template.NAME` as written: texts are Go templates. */
export type Template = Readonly<Record<string, unknown>>;

export interface DefaultSubscription {
  recipients: readonly string[];
  triggers: readonly string[];
  selector: LabelSelector;
}

/** A notifications ConfigMap, read. */
export interface NotificationConfig {
  services: ReadonlyMap<string, ServiceConfig>;
  templates: ReadonlyMap<string, Template>;
  triggers: ReadonlyMap<string, readonly TriggerCondition[]>;
  subscriptions: readonly DefaultSubscription[];
  defaultTriggers: readonly string[];
  serviceDefaultTriggers: ReadonlyMap<string, readonly string[]>;
  context: Readonly<Record<string, string>>;
}

/** A ConfigMap that cannot be read. As upstream, one bad entry stops all notifications. */
export class NotificationConfigError extends Error {
  override name = 'NotificationConfigError';
  readonly key: string;
  /** Line within the value, from 1. */
  readonly line: number | undefined;
  readonly reason: string;

  constructor(key: string, reason: string, line?: number) {
    super(`data["${key}"]${line === undefined ? '' : `:${line}`}: ${reason}`);
    this.key = key;
    this.line = line;
    this.reason = reason;
  }
}

/** What a reference to a key of the Secret looks like inside a service's options. */
export const SECRET_REFERENCE = /[$][\w-]+/g;

/** `argocdUrl` of `.context` when the ConfigMap does not say, as Argo CD has it. */
const DEFAULT_CONTEXT = { argocdUrl: 'https://localhost:4000' };

/**
 * Reads a notifications ConfigMap (argo-cd.md §4.1). `data` holds its keys; ones it does not know are ignored, as upstream.
 * Throws NotificationConfigError with the key and the line.
 */
export function parseNotificationConfig(data: Readonly<Record<string, string>>): NotificationConfig {
  const services = new Map<string, ServiceConfig>();
  const templates = new Map<string, Template>();
  const triggers = new Map<string, readonly TriggerCondition[]>();
  const serviceDefaultTriggers = new Map<string, readonly string[]>();
  for (const key of Object.keys(data).sort()) {
    const text = data[key] as string;
    const dot = key.indexOf('.');
    const name = key.slice(dot + 1);
    switch (key.slice(0, dot < 0 ? undefined : dot + 1)) {
      case 'service.': {
        const service = parseService(key, name, text);
        services.set(service.name, service);
        break;
      }
      case 'template.':
        templates.set(name, parseTemplate(key, text));
        break;
      case 'trigger.':
        triggers.set(name, parseTrigger(key, text));
        break;
      case 'defaultTriggers.':
        serviceDefaultTriggers.set(name, stringList(key, parseYaml(key, text)));
        break;
    }
  }
  return {
    services,
    templates,
    triggers,
    serviceDefaultTriggers,
    subscriptions: parseSubscriptions(data.subscriptions),
    defaultTriggers: stringList('defaultTriggers', parseYaml('defaultTriggers', data.defaultTriggers ?? '')),
    context: { ...DEFAULT_CONTEXT, ...parseContext(data.context) },
  };
}

function parseService(key: string, rest: string, text: string): ServiceConfig {
  const parts = rest.split('.');
  if (parts.length > 2) {
    throw new NotificationConfigError(key, `invalid service key; expected 'service.<type>(.<name>)' but got '${key}'`);
  }
  const options = parseYaml(key, text) ?? {};
  const [type = '', name = type] = parts;
  return { type, name, options, secretKeys: secretKeysOf(text) };
}

/** Keys that string scalars of a YAML text refer to as `$key`. */
function secretKeysOf(text: string): string[] {
  const keys = new Set<string>();
  visit(parseDocument(text), {
    Scalar: (_key, node) => {
      if (typeof node.value !== 'string') return;
      for (const [reference] of node.value.matchAll(SECRET_REFERENCE)) keys.add(reference.slice(1));
    },
  });
  return [...keys].sort();
}

function parseTemplate(key: string, text: string): Template {
  const value = parseYaml(key, text) ?? {};
  if (!isRecord(value)) throw new NotificationConfigError(key, 'a template is a map: message, slack, webhook, ...', 1);
  if (value.message !== undefined && typeof value.message !== 'string')
    throw new NotificationConfigError(key, 'message: text is required');
  return value;
}

function parseTrigger(key: string, text: string): TriggerCondition[] {
  const value = parseYaml(key, text) ?? [];
  if (!Array.isArray(value)) throw new NotificationConfigError(key, 'a trigger is a list of conditions', 1);
  return value.map((item: unknown, index) => {
    if (!isRecord(item)) throw new NotificationConfigError(key, `[${index}]: a condition is a map with when and send`);
    const member = (name: string) => {
      const found = item[name];
      if (found === undefined || found === null) return '';
      // What is written as `when: true` is a boolean in YAML and an expression here.
      if (typeof found === 'boolean' && name !== 'description') {
        throw new NotificationConfigError(key, `[${index}].${name}: text is required; write "${found}" in quotes`);
      }
      if (typeof found !== 'string') throw new NotificationConfigError(key, `[${index}].${name}: text is required`);
      return found;
    };
    const send = item.send === undefined ? [] : stringList(key, item.send, `[${index}].send`);
    return { when: member('when'), oncePer: member('oncePer'), description: member('description'), send };
  });
}

function parseSubscriptions(text: string | undefined): DefaultSubscription[] {
  const key = 'subscriptions';
  const value = parseYaml(key, text ?? '') ?? [];
  if (!Array.isArray(value)) throw new NotificationConfigError(key, 'a list is required', 1);
  return value.map((item: unknown, index) => {
    if (!isRecord(item)) throw new NotificationConfigError(key, `[${index}]: a map with recipients is required`);
    const list = (name: string) => (item[name] === undefined ? [] : stringList(key, item[name], `[${index}].${name}`));
    const selector = item.selector ?? '';
    if (typeof selector !== 'string')
      throw new NotificationConfigError(key, `[${index}].selector: a label selector as text is required`);
    try {
      return { recipients: list('recipients'), triggers: list('triggers'), selector: parseLabelSelector(selector) };
    } catch (error) {
      if (error instanceof NotificationConfigError) throw error;
      throw new NotificationConfigError(key, `[${index}].selector: ${(error as Error).message}`);
    }
  });
}

function parseContext(text: string | undefined): Record<string, string> {
  const value = parseYaml('context', text ?? '') ?? {};
  if (!isRecord(value)) throw new NotificationConfigError('context', 'a map is required', 1);
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== 'string') throw new NotificationConfigError('context', `${name}: text is required`);
  }
  return value as Record<string, string>;
}

function stringList(key: string, value: unknown, path = ''): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
    throw new NotificationConfigError(key, `${path === '' ? '' : `${path}: `}a list of texts is required`);
  return value as string[];
}

/** Aliases a value may hold when expanded: a bomb in a ConfigMap must not fill the memory. */
const ALIASES_MAX = 100;

function parseYaml(key: string, text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problem = document.errors[0];
  if (problem !== undefined) {
    throw new NotificationConfigError(
      key,
      problem.message.split('\n')[0] as string,
      lines.linePos(problem.pos[0]).line,
    );
  }
  if (!isMap(document.contents) && !isSeq(document.contents) && !isScalar(document.contents)) return undefined;
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw new NotificationConfigError(key, (error as Error).message);
  }
}
