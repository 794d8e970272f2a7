/**
 * Go's text/template with a part of sprig, in process: for the templates of ApplicationSets and notifications.
 *
 *   renderTemplate('app-{{.path.basename}}', { path: { basename: 'a' } }, { missingKey: 'error' })
 */
import { evaluate } from './evaluate.ts';
import { FUNCTIONS } from './functions.ts';
import { type Node, parse } from './parser.ts';
import type { Value } from './values.ts';

export { GoTemplateError } from './errors.ts';
export { normalize, slugify } from './names.ts';

export interface TemplateOptions {
  /** What a missing map key gives: `<no value>`, or an error. */
  missingKey?: 'default' | 'zero' | 'error';
}

const PARSED = new Map<string, Node[]>();
const PARSED_MAX = 1000;

/** The text of a template for `data`. Throws GoTemplateError with line and column within the template. */
export function renderTemplate(template: string, data: Value, options: TemplateOptions = {}): string {
  let nodes = PARSED.get(template);
  if (nodes === undefined) {
    nodes = parse(template);
    if (PARSED.size >= PARSED_MAX) PARSED.clear();
    PARSED.set(template, nodes);
  }
  return evaluate(template, nodes, data, { missingKey: options.missingKey ?? 'default', functions: FUNCTIONS });
}
