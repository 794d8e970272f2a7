/** A template that cannot be rendered here; `problem` never contains a value. */
export class TemplateError extends Error {
  override name = 'TemplateError';
}

const FUNCTIONS: ReadonlyMap<string, (value: string) => string> = new Map([
  ['b64enc', (value) => Buffer.from(value, 'utf8').toString('base64')],
  ['b64dec', (value) => Buffer.from(value, 'base64').toString('utf8')],
  ['lower', (value) => value.toLowerCase()],
  ['upper', (value) => value.toUpperCase()],
  ['trim', (value) => value.trim()],
  ['toString', (value) => value],
  ['quote', (value) => JSON.stringify(value)],
  ['squote', (value) => `'${value}'`],
] as [string, (value: string) => string][]);

/**
 * Go template text of the simple forms: `{{ .key }}`, `{{ index . "key" }}`, piped through the functions above, with `{{-`
 * and `-}}` trimming. Throws TemplateError for anything else, and for a key that the data does not have (the operator renders
 * with missingkey=error).
 */
export function renderTemplate(text: string, data: Readonly<Record<string, string>>): string {
  let result = '';
  let end = 0;
  let trimNext = false;
  for (const match of text.matchAll(/\{\{(-\s)?(.*?)(\s-)?\}\}/gs)) {
    let literal = text.slice(end, match.index);
    if (trimNext) literal = literal.trimStart();
    if (match[1] !== undefined) literal = literal.trimEnd();
    result += literal + evaluate((match[2] as string).trim(), data);
    trimNext = match[3] !== undefined;
    end = match.index + match[0].length;
  }
  const rest = text.slice(end);
  if (rest.includes('{{')) throw new TemplateError('unclosed action {{');
  return result + (trimNext ? rest.trimStart() : rest);
}

function evaluate(action: string, data: Readonly<Record<string, string>>): string {
  const [source, ...pipes] = action.split('|').map((part) => part.trim()) as [string, ...string[]];
  const key = /^\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(source)?.[1] ?? /^index \. "([^"]+)"$/.exec(source)?.[1];
  if (key === undefined) throw new TemplateError(`{{ ${action} }} is not supported: use {{ .key }} with ${names()}`);
  const value = Object.hasOwn(data, key) ? data[key] : undefined;
  if (value === undefined) throw new TemplateError(`{{ ${action} }}: map has no entry for key "${key}"`);
  return pipes.reduce((current, name) => {
    const apply = FUNCTIONS.get(name);
    if (apply === undefined) throw new TemplateError(`function "${name}" is not supported: use ${names()}`);
    return apply(current);
  }, value);
}

function names(): string {
  return [...FUNCTIONS.keys()].join(', ');
}
