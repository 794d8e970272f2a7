import { isRecord } from '#core/json.ts';
import { GoTemplateError, renderTemplate } from '#lib/gotemplate/index.ts';
import type { Message, SecretPlace } from '#machine/notifications.ts';
import type { NotificationConfig } from './config.ts';
import type { Destination } from './subscriptions.ts';
import { templateData, type Variables } from './variables.ts';

/** A message that could not be made; the message of the error names template, field and place. */
export class TemplateFailure extends Error {
  override name = 'TemplateFailure';
}

export interface FormattedMessage {
  message: Message;
  secretPlaces: readonly SecretPlace[];
}

/** How deep the parts of a template may be nested. */
const SECTIONS_MAX_DEPTH = 10;

/**
 * The message for one destination: each template in turn adds to it (argo-cd.md §4.1). Values of `.secrets` are left out
 * and their places noted. Throws TemplateFailure.
 * @param secretKeys Keys of the Secret; only their names are known here.
 */
export function formatMessage(
  config: NotificationConfig,
  names: readonly string[],
  variables: Variables,
  destination: Destination,
  secretKeys: readonly string[],
): FormattedMessage {
  const serviceType = config.services.get(destination.service)?.type ?? destination.service;
  const render = renderer(variables, { ...destination, serviceType }, secretKeys);
  const message: Message = {};
  for (const name of names) {
    const template = config.templates.get(name);
    if (template === undefined) throw new TemplateFailure(`template '${name}' is not supported`);
    const text = render(template.message ?? '', [`template ${name}`, 'message']);
    if (text !== '') message.message = text as string;
    for (const part of partsFor(serviceType, template)) {
      const section = template[part];
      if (!isRecord(section)) continue;
      const wanted = serviceType === 'webhook' ? pick(section, destination.service) : section;
      const rendered = render(wanted, [`template ${name}`, part]) as Record<string, unknown>;
      if (Object.keys(rendered).length > 0) message[part] = rendered;
    }
  }
  return extractSecrets(message, secretKeys);
}

/** The console shows everything; a service takes what is meant for its type. */
function partsFor(serviceType: string, template: Readonly<Record<string, unknown>>): string[] {
  return serviceType === 'console' ? Object.keys(template).filter((part) => part !== 'message') : [serviceType];
}

function pick(section: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> {
  return Object.hasOwn(section, key) ? { [key]: section[key] } : {};
}

/** Two stand-ins for the value of one key: text that came from elsewhere looks the same in both renderings, these do not. */
const standIn = (variant: 0 | 1, key: string) => (variant === 0 ? `\uE000${key}\uE001` : `\uE002${key}\uE003`);

/** Between the two, a rendered text in which the places of secrets are still marked. */
const MARK = /\uE000([-._A-Za-z0-9]+)\uE001/g;

type Render = (value: unknown, path: readonly string[]) => unknown;

function renderer(
  variables: Variables,
  destination: Destination & { serviceType: string },
  secretKeys: readonly string[],
): Render {
  const dataOf = (variant: 0 | 1) => {
    const secrets = Object.fromEntries(secretKeys.map((key) => [key, standIn(variant, key)]));
    return templateData(variables, destination, secrets);
  };
  const [data, other] = [dataOf(0), dataOf(1)];
  const render: Render = (value, path) => {
    if (path.length > SECTIONS_MAX_DEPTH) throw new TemplateFailure(`${path.join('.')}: nested too deeply`);
    if (typeof value === 'string') return renderText(value, path, data, other);
    if (Array.isArray(value)) return value.map((item, index) => render(item, [...path, String(index)]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, render(member, [...path, key])]));
  };
  return render;
}

function renderText(text: string, path: readonly string[], data: object, other: object): string {
  try {
    if (!text.includes('secrets')) return withoutMarks(renderTemplate(text, data));
    return mergeVariants(renderTemplate(text, data), renderTemplate(text, other));
  } catch (error) {
    if (!(error instanceof GoTemplateError) && !(error instanceof TemplateFailure)) throw error;
    throw new TemplateFailure(`${path.join('.')}: ${error.message}`);
  }
}

/** Characters of the private use area that only stand-ins may have. */
function withoutMarks(text: string): string {
  return text.replace(/[\uE000-\uE003]/g, '\uFFFD');
}

/** Keeps marks where the renderings differ, which is where values go; a difference of any other kind is refused. */
function mergeVariants(first: string, second: string): string {
  if (first.length !== second.length) throw transformed();
  let merged = '';
  for (let at = 0; at < first.length; at++) {
    const [left, right] = [first[at] as string, second[at] as string];
    if (left === right) merged += withoutMarks(left);
    else if ((left === '\uE000' && right === '\uE002') || (left === '\uE001' && right === '\uE003')) merged += left;
    else throw transformed();
  }
  return merged;
}

function transformed(): TemplateFailure {
  return new TemplateFailure(
    'not reproduced: the value of a secret can be printed, not computed with; store the finished text in the Secret',
  );
}

/** Replaces marks by `$key` and notes their places. */
function extractSecrets(message: Message, secretKeys: readonly string[]): FormattedMessage {
  if (secretKeys.length === 0) return { message, secretPlaces: [] };
  const secretPlaces: SecretPlace[] = [];
  const walk = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value === 'string') return extractText(value, path, secretPlaces);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, String(index)]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, walk(member, [...path, key])]));
  };
  return { message: walk(message, []) as Message, secretPlaces };
}

function extractText(text: string, path: readonly string[], places: SecretPlace[]): string {
  let shift = 0;
  return text.replace(MARK, (mark, key: string, offset: number) => {
    places.push({ path, at: offset - shift, key });
    shift += mark.length - key.length - 1;
    return `$${key}`;
  });
}

/** The first line of a message for lists, at most 100 characters, as upstream's preview. */
export function previewOf(message: Message): string {
  const text = message.message ?? JSON.stringify(message);
  const [line = ''] = text.trim().split('\n');
  return line.length > 100 ? `${line.slice(0, 99)}...` : line;
}
