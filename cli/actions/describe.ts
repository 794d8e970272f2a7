import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { resolveKinds } from '../client/resources.ts';
import type { Invocation } from '../command.ts';
import { EXIT_CODES, type ExitCode } from '../errors.ts';
import { describeLines } from '../view/describe-text.ts';
import { noteNothing, withKind } from './output.ts';
import { parseTarget } from './target.ts';

export async function runDescribe({ session, terminal, arguments: words, now }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const { kindWord, name } = parseTarget(words);
  const [{ stringify }, kinds] = await Promise.all([import('yaml'), resolveKinds(kindWord, api)]);
  const toYaml = (value: unknown) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
  let isFirst = true;
  for (const kind of kinds) {
    const namespace = kind.namespaced ? await session.namespace() : undefined;
    const objects: KubeObject[] =
      name === undefined
        ? (await api.listKind(kind, { namespace })).items
        : [withKind(await api.getKind(kind, namespace, name), kind)];
    if (objects.length === 0) noteNothing(terminal, kind, namespace);
    const events = objects.length === 0 ? [] : (await api.list('Event', { namespace: eventNamespace(objects) })).items;
    for (const object of objects) {
      if (!isFirst) terminal.lines(['', '']);
      isFirst = false;
      terminal.lines(describeLines({ object, events, toYaml }, now()));
    }
  }
  return EXIT_CODES.ok;
}

/** Events of cluster-scoped objects are in `default`. */
function eventNamespace(objects: readonly KubeObject[]): string {
  return objects[0]?.metadata.namespace ?? 'default';
}
