import { CliError } from '../errors.ts';

/** `KIND NAME` or `KIND/NAME`. Throws CliError when a name is given twice. */
export function parseTarget([first = '', second]: readonly string[]): { kindWord: string; name: string | undefined } {
  const slash = first.indexOf('/');
  if (slash < 0) return { kindWord: first, name: second };
  if (second === undefined) return { kindWord: first.slice(0, slash), name: first.slice(slash + 1) };
  throw new CliError({ what: `"${first}" names an object already; "${second}" is one name too many` });
}
