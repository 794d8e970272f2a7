/**
 * Go's text/template with Argo CD's functions, in process: for the templates of ApplicationSets and notifications.
 *
 *   renderTemplate('app-{{.path.basename}}', { path: { basename: 'a' } }, { missingKey: 'error' })
 */
import { evaluate } from './evaluate.ts';
import { FUNCTIONS } from './functions.ts';
import { type ParsedTemplate, parse } from './parser.ts';
import type { Value } from './values.ts';

export { GoTemplateError } from './errors.ts';
export { parseGoYaml } from './go-yaml.ts';
export { normalize, slug, slugify } from './names.ts';
export { TemplateObject } from './object.ts';
export { format } from './values.ts';

export interface TemplateOptions {
  /** What a missing map key gives: `<no value>`, or an error. */
  missingKey?: 'default' | 'zero' | 'error';
}

const PARSED = new Map<string, ParsedTemplate>();
const PARSED_MAX = 1000;

/** The text of a template for `data`. Throws GoTemplateError with line and column within the template. */
export function renderTemplate(template: string, data: Value, options: TemplateOptions = {}): string {
  return parseTemplate(template)(data, options);
}

/** A template made ready to be rendered many times. Throws GoTemplateError, as its renderings may. */
export function parseTemplate(template: string): (data: Value, options?: TemplateOptions) => string {
  let parsed = PARSED.get(template);
  if (parsed === undefined) {
    parsed = parse(template);
    if (PARSED.size >= PARSED_MAX) PARSED.clear();
    PARSED.set(template, parsed);
  }
  const ready = parsed;
  return (data, options = {}) =>
    evaluate(template, ready, data, { missingKey: options.missingKey ?? 'default', functions: FUNCTIONS });
}
