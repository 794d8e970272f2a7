import { isRecord } from '#core/json.ts';
import { GoTemplateError, parseTemplate } from '#lib/gotemplate/index.ts';
import { compileFasttemplate, FasttemplateError } from './fasttemplate.ts';
import { type ApplicationSetSpec, type Params, TemplateError } from './types.ts';

/** How an ApplicationSet's texts are filled in. */
export interface Templating {
  go: boolean;
  missingKey: 'default' | 'zero' | 'error';
}

export function templatingOf(spec: Pick<ApplicationSetSpec, 'goTemplate' | 'goTemplateOptions'>): Templating {
  const options = spec.goTemplateOptions ?? [];
  for (const option of options) {
    if (!/^missingkey=(default|invalid|zero|error)$/.test(option)) {
      throw new TemplateError(`spec.goTemplateOptions: unrecognized option: ${option}`);
    }
  }
  const missing = options.at(-1)?.slice('missingkey='.length);
  return { go: spec.goTemplate === true, missingKey: missing === 'error' || missing === 'zero' ? missing : 'default' };
}

/** Something made ready once and filled in many times. Throws TemplateError. */
export type Compiled<T> = (params: Params) => T;

/** Characters of a template that a message repeats. */
const SHOWN_CHARS_MAX = 200;

/** One text made ready. `field` is its place in the ApplicationSet, for messages. Throws TemplateError. */
export function compileText(text: string, { go, missingKey }: Templating, field = ''): Compiled<string> {
  // Without an action a Go template is its own text; so is a fasttemplate.
  if (!text.includes('{{')) return () => text;
  const failed = (doing: string, error: unknown): unknown => {
    if (!(error instanceof GoTemplateError) && !(error instanceof FasttemplateError)) return error;
    const shown = text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
    const place = field === '' ? '' : ` (${field})`;
    return new TemplateError(`${doing} ${shown}: ${error.message}${place}`);
  };
  if (!go) {
    try {
      return compileFasttemplate(text);
    } catch (error) {
      throw failed('invalid template', error);
    }
  }
  let render: (data: unknown, options: { missingKey: Templating['missingKey'] }) => string;
  try {
    render = parseTemplate(text);
  } catch (error) {
    throw failed('failed to parse template', error);
  }
  return (params) => {
    try {
      return render(params, { missingKey });
    } catch (error) {
      throw failed('failed to execute go template', error);
    }
  };
}

/** One text with its parameters filled in. Throws TemplateError. */
export function renderText(text: string, params: Params, templating: Templating, field?: string): string {
  return compileText(text, templating, field)(params);
}

/** Every text in a value, member names included. What has no template in it is passed on as it is, not copied. */
export function compileTexts<T>(value: T, templating: Templating, field = ''): Compiled<T> {
  return (compileValue(value, templating, field) ?? (() => value)) as Compiled<T>;
}

export function renderTexts<T>(value: T, params: Params, templating: Templating, field?: string): T {
  return compileTexts(value, templating, field)(params);
}

/** Undefined when the value has nothing to fill in. */
function compileValue(value: unknown, templating: Templating, field: string): Compiled<unknown> | undefined {
  if (typeof value === 'string') return value.includes('{{') ? compileText(value, templating, field) : undefined;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => compileValue(item, templating, `${field}[${index}]`));
    if (items.every((item) => item === undefined)) return undefined;
    return (params) => value.map((item: unknown, index) => items[index]?.(params) ?? item);
  }
  if (!isRecord(value)) return undefined;
  const members = Object.entries(value).map(([key, member]) => {
    const place = field === '' ? key : `${field}.${key}`;
    const name = compileValue(key, templating, place) as Compiled<string> | undefined;
    return { key, member, name, fill: compileValue(member, templating, place) };
  });
  if (members.every(({ name, fill }) => name === undefined && fill === undefined)) return undefined;
  return (params) => {
    const result: Record<string, unknown> = {};
    for (const { key, member, name, fill } of members) {
      result[name === undefined ? key : name(params)] = fill === undefined ? member : fill(params);
    }
    return result;
  };
}

/** `over` laid over `under`, maps merged, everything else replaced. */
export function deepMerge(under: unknown, over: unknown): unknown {
  if (!isRecord(under) || !isRecord(over)) return over;
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    result[key] = Object.hasOwn(under, key) ? deepMerge(under[key], value) : value;
  }
  return result;
}
