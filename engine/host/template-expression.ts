const ACTION = /\{\{-?\s*([\s\S]*?)\s*-?\}\}/g;
/** Actions that print nothing themselves: what they stand in cannot become one expression. */
const CONTROL = /^(if|else|end|range|with|define|template|block|break|continue|\/\*)\b|^\$\w*\s*:?=/;

/**
 * A text with Go template actions as one expression that gives the same text: `app-{{.env}}` becomes
 * `(printf "%v%v" "app-" (.env))`. Undefined for a text with conditions, loops or variables.
 */
export function templateExpression(text: string): string | undefined {
  const operands: string[] = [];
  let at = 0;
  for (const match of text.matchAll(ACTION)) {
    const [whole, action = ''] = match;
    if (CONTROL.test(action) || action === '') return undefined;
    if (match.index > at) operands.push(JSON.stringify(text.slice(at, match.index)));
    operands.push(`(${action})`);
    at = match.index + whole.length;
  }
  if (at < text.length) operands.push(JSON.stringify(text.slice(at)));
  return `(printf "${'%v'.repeat(operands.length)}" ${operands.join(' ')})`;
}
