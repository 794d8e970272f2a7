import { deepCopy, isRecord } from '#core/json.ts';
import { GoTemplateError, renderTemplate } from '#lib/gotemplate/index.ts';
import { type ApplicationSetSpec, type Params, TemplateError } from './types.ts';

/** How an ApplicationSet's texts are filled in. */
export interface Templating {
  go: boolean;
  missingKey: 'default' | 'zero' | 'error';
}

export function templatingOf(spec: Pick<ApplicationSetSpec, 'goTemplate' | 'goTemplateOptions'>): Templating {
  const options = spec.goTemplateOptions ?? [];
  const missing = options.findLast((option) => option.startsWith('missingkey='))?.slice('missingkey='.length);
  for (const option of options) {
    if (!/^missingkey=(default|invalid|zero|error)$/.test(option)) {
      throw new TemplateError(`spec.goTemplateOptions: unrecognized option: ${option}`);
    }
  }
  return { go: spec.goTemplate === true, missingKey: missing === 'error' || missing === 'zero' ? missing : 'default' };
}

/** One text with its parameters filled in. Throws TemplateError. */
export function renderText(text: string, params: Params, { go, missingKey }: Templating): string {
  if (!text.includes('{{')) return text;
  if (!go) return renderFasttemplate(text, params);
  try {
    return renderTemplate(text, params, { missingKey });
  } catch (error) {
    if (error instanceof GoTemplateError)
      throw new TemplateError(`failed to execute go template ${text}: ${error.message}`);
    throw error;
  }
}

/** `{{ key }}`; a key that is not there, or whose value is no text, leaves the tag as it is. */
export function renderFasttemplate(text: string, params: Params): string {
  return text.replace(/\{\{([^{}]*)\}\}/g, (tag, key: string) => {
    const value = params[key.trim()];
    return typeof value === 'string' ? value : tag;
  });
}

/** Every text in a value, member names included, with its parameters filled in. */
export function renderTexts<T>(value: T, params: Params, templating: Templating): T {
  if (typeof value === 'string') return renderText(value, params, templating) as T;
  if (Array.isArray(value)) return value.map((item) => renderTexts(item, params, templating)) as T;
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, member]) => [
    renderText(key, params, templating),
    renderTexts(member, params, templating),
  ]);
  return Object.fromEntries(entries) as T;
}

/** Nested values as one level of `a.b.c`; list elements as `a.0`. Values become texts. */
export function flatten(value: unknown, prefix = ''): Record<string, string> {
  if (!isRecord(value) && !Array.isArray(value)) return prefix === '' ? {} : { [prefix]: scalarText(value) };
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, member]) => flatten(member, prefix === '' ? key : `${prefix}.${key}`)),
  ) as Record<string, string>;
}

function scalarText(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

/** `over` laid over `under`, maps merged, everything else replaced. */
export function deepMerge(under: unknown, over: unknown): unknown {
  if (!isRecord(under) || !isRecord(over)) return deepCopy(over);
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) result[key] = key in under ? deepMerge(under[key], value) : value;
  return result;
}
