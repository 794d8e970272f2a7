import type { ResourceKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { type Api, ApiFailure } from '../client/api.ts';
import { resolveKinds } from '../client/resources.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import type { Line } from '../view/lines.ts';
import { tableLines } from '../view/server-table.ts';
import { noteNothing, printObjects, withKind } from './output.ts';
import { parseTarget } from './target.ts';
import { pause } from './watch-view.ts';

interface Target {
  kind: ResourceKind;
  name: string | undefined;
  /** Undefined: all namespaces, or a cluster-scoped kind. */
  namespace: string | undefined;
}

export async function runGet(invocation: Invocation): Promise<ExitCode> {
  const { options, session, terminal } = invocation;
  const api = await session.api();
  const targets = await parseTargets(invocation, api);
  const format = options.text('output') ?? '';
  const selectors = { labelSelector: options.text('selector'), fieldSelector: options.text('field-selector') };
  if (format !== '' && format !== 'wide') {
    const found = await Promise.all(targets.map((target) => fetchObjects(api, target, selectors)));
    await printObjects(terminal, format, found.flat(), targets.length === 1 && targets[0]?.name !== undefined);
    return EXIT_CODES.ok;
  }
  const view = { isWide: format === 'wide', withNamespace: options.flag('all-namespaces') };
  let isFirst = true;
  for (const target of targets) {
    const query = { namespace: target.namespace, ...selectors };
    const table = await api.table(target.kind, query, target.name);
    const lines = tableLines(table, view, invocation.now());
    if (lines.length === 0) {
      if (targets.length === 1) noteNothing(terminal, target.kind, target.namespace);
      continue;
    }
    if (!isFirst) terminal.line('');
    isFirst = false;
    terminal.lines(targets.length === 1 ? lines : prefixed(lines, target.kind));
  }
  if (options.flag('watch')) await follow(invocation, api, targets, selectors);
  return EXIT_CODES.ok;
}

/** With several kinds, names carry theirs: `pod/backend-1`. */
function prefixed(lines: readonly Line[], kind: ResourceKind): Line[] {
  return lines.map((line, index) => [
    { text: index === 0 ? ' '.repeat(kind.singular.length + 1) : `${kind.singular}/` },
    ...line,
  ]);
}

async function parseTargets({ arguments: words, options, session }: Invocation, api: Api): Promise<Target[]> {
  const { kindWord, name } = parseTarget(words);
  const kinds = await resolveKinds(kindWord, api);
  if (options.flag('all-namespaces') && name !== undefined) {
    throw new CliError({
      what: 'one object cannot be looked up in all namespaces',
      fix: 'give -n or -e instead of -A',
    });
  }
  const needsNamespace = kinds.some((kind) => kind.namespaced) && !options.flag('all-namespaces');
  const namespace = needsNamespace ? await namespaceOf(kinds, session) : undefined;
  return kinds.map((kind) => ({ kind, name, namespace: kind.namespaced ? namespace : undefined }));
}

/** Argo CD keeps its objects in one namespace; asking for them elsewhere is never what is meant. */
async function namespaceOf(kinds: readonly ResourceKind[], session: Invocation['session']): Promise<string> {
  const isArgo = kinds.every(({ group, kind }) => group === 'argoproj.io' && /^App/.test(kind));
  const given = await session.givenNamespace();
  return given ?? (isArgo ? 'argocd' : session.namespace());
}

async function fetchObjects(
  api: Api,
  { kind, name, namespace }: Target,
  selectors: { labelSelector?: string; fieldSelector?: string },
): Promise<KubeObject[]> {
  if (name === undefined) return (await api.listKind(kind, { namespace, ...selectors })).items;
  return [withKind(await api.getKind(kind, namespace, name), kind)];
}

/** Prints a row for each change; the rows come from the server, one object at a time. */
async function follow(
  invocation: Invocation,
  api: Api,
  targets: readonly Target[],
  selectors: { labelSelector?: string; fieldSelector?: string },
): Promise<void> {
  const { terminal, options, signal, now } = invocation;
  const view = {
    isWide: options.text('output') === 'wide',
    withNamespace: options.flag('all-namespaces'),
    withoutTitles: true,
  };
  const one = async ({ kind, name, namespace }: Target) => {
    while (!signal.aborted) {
      const { resourceVersion } = await api.listKind(kind, { namespace, ...selectors });
      const query = { namespace, ...selectors, resourceVersion };
      const wanted = (object: KubeObject) => name === undefined || object.metadata.name === name;
      const changed: KubeObject[] = [];
      let isPrinting = false;
      const print = async () => {
        if (isPrinting) return;
        isPrinting = true;
        for (let object = changed.shift(); object !== undefined; object = changed.shift()) {
          const { metadata } = object;
          const table = await api.table(kind, { namespace: metadata.namespace }, metadata.name).catch(() => undefined);
          if (table !== undefined) terminal.lines(tableLines(table, view, now()));
        }
        isPrinting = false;
      };
      try {
        await api.watch(
          kind,
          query,
          ({ type, object }) => {
            if (type === 'BOOKMARK' || !wanted(object)) return;
            if (type === 'DELETED') terminal.line(`${kind.singular}/${object.metadata.name} deleted`);
            else {
              changed.push(object);
              void print();
            }
          },
          signal,
        );
      } catch (error) {
        if (!(error instanceof ApiFailure && error.code === 410)) throw error;
      }
      await pause(200, signal);
    }
  };
  await Promise.all(targets.map(one));
}
