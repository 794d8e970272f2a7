/** A text in which an opening tag is never closed. */
export class FasttemplateError extends Error {
  override name = 'FasttemplateError';
}

const OPEN = '{{';
const CLOSE = '}}';

/**
 * `{{ key }}` filled in from flat parameters. A key that is not there, or whose value is no text, leaves its tag as it is.
 * A text in which no line has both an opening and a closing tag is no template. Throws FasttemplateError.
 */
export function compileFasttemplate(text: string): (params: Readonly<Record<string, unknown>>) => string {
  if (!text.split('\n').some(hasTag)) return () => text;
  const literals: string[] = [];
  const tags: string[] = [];
  let at = 0;
  for (let open = text.indexOf(OPEN, at); open >= 0; open = text.indexOf(OPEN, at)) {
    const close = text.indexOf(CLOSE, open + OPEN.length);
    if (close < 0) {
      const line = text.slice(0, open).split('\n').length;
      const column = open - text.lastIndexOf('\n', open - 1);
      throw new FasttemplateError(`${line}:${column}: cannot find end tag="${CLOSE}"`);
    }
    literals.push(text.slice(at, open));
    tags.push(text.slice(open + OPEN.length, close));
    at = close + CLOSE.length;
  }
  const rest = text.slice(at);
  return (params) => {
    let result = '';
    for (const [index, tag] of tags.entries()) {
      const key = tag.trim();
      const value = Object.hasOwn(params, key) ? params[key] : undefined;
      result += literals[index] + (key !== '' && typeof value === 'string' ? value : `${OPEN}${tag}${CLOSE}`);
    }
    return result + rest;
  };
}

function hasTag(line: string): boolean {
  const open = line.indexOf(OPEN);
  return open >= 0 && line.indexOf(CLOSE, open + OPEN.length) >= 0;
}
