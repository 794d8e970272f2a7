import { fn, type TemplateFunction } from './function.ts';

/** Go's path.Clean: purely textual. */
function clean(path: string): string {
  if (path === '') return '.';
  const isRooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!isRooted) kept.push('..');
  }
  const joined = (isRooted ? '/' : '') + kept.join('/');
  return joined === '' ? '.' : joined;
}

function base(path: string): string {
  if (path === '') return '.';
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

function extension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

const functions = {
  base: fn('s', base),
  dir: fn('s', (path: string) => clean(path.slice(0, path.lastIndexOf('/') + 1))),
  clean: fn('s', clean),
  ext: fn('s', extension),
  isAbs: fn('s', (path: string) => path.startsWith('/')),
};

/** The `os…` ones are those of Linux, where Argo CD runs. */
export const pathFunctions: Readonly<Record<string, TemplateFunction>> = {
  ...functions,
  osBase: functions.base,
  osDir: functions.dir,
  osClean: functions.clean,
  osExt: functions.ext,
  osIsAbs: functions.isAbs,
};
