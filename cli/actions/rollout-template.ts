import { deepEqual } from '../../engine/vocabulary/core/json.ts';
import { controllerOf } from '../../engine/vocabulary/kube/object.ts';
import { type Api, ApiFailure } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import type { ReplicaSet, Rollout } from '../view/rollout-model.ts';
import { findRollout, ROLLOUT } from './rollout.ts';

const HASH_LABEL = 'rollouts-pod-template-hash';
const REVISION = 'rollout.argoproj.io/revision';
const TRIES_MAX = 5;

interface JsonPatchStep {
  op: 'replace' | 'add' | 'test';
  path: string;
  value: unknown;
}

interface Container {
  name?: string;
  image?: string;
}

interface Template {
  metadata?: { labels?: Record<string, string> };
  spec?: Record<string, unknown>;
}

/** The object whose pod template makes the rollout's pods: the rollout, or the workload it refers to. */
interface TemplateOwner {
  kind: 'Rollout' | 'Deployment' | 'ReplicaSet';
  name: string;
  namespace: string;
  template: Template;
}

/** `pern rollout undo`: the template of an earlier revision becomes the wanted one. */
export async function runUndo(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const api = await session.api();
  const rollout = await findRollout(invocation, api, words[0] ?? '');
  const { namespace = '', name } = rollout.metadata;
  const toRevision = options.count('to-revision') ?? 0;
  const sets = (await api.list('ReplicaSet.apps', { namespace })).items;
  const template = templateOfRevision(rollout, sets, toRevision);
  const owner = await templateOwner(api, rollout);
  if (deepEqual(withoutHash(owner.template), template)) {
    terminal.line(`skipped rollback (current template already matches revision ${toRevision})`);
    return EXIT_CODES.ok;
  }
  await write(api, owner, [{ op: 'replace', path: '/spec/template', value: template }]);
  terminal.line(`rollout '${name}' undo`);
  noteGit(invocation, rollout);
  terminal.note(`Next: pern rollout get ${name} -n ${namespace} -w`);
  return EXIT_CODES.ok;
}

/** `pern rollout set image NAME CONTAINER=IMAGE`; `*` is every container. */
export async function runSetImage(invocation: Invocation): Promise<ExitCode> {
  const { session, terminal, arguments: words } = invocation;
  const [word = '', ...assignments] = words;
  const changes = assignments.map(parseAssignment);
  const api = await session.api();
  const rollout = await findRollout(invocation, api, word);
  let owner = await templateOwner(api, rollout);
  for (let attempt = 1; ; attempt++) {
    try {
      await write(
        api,
        owner,
        changes.flatMap(([container, image]) => imagePatch(owner.template, container, image)),
      );
      break;
    } catch (error) {
      // Somebody else changed the containers in between: look again.
      if (!(error instanceof ApiFailure) || ![409, 422].includes(error.code) || attempt >= TRIES_MAX) throw error;
      owner = await templateOwner(api, await findRollout(invocation, api, word));
    }
  }
  terminal.line(`${owner.kind.toLowerCase()} "${owner.name}" image updated`);
  noteGit(invocation, rollout);
  const { name, namespace } = rollout.metadata;
  terminal.note(`Next: pern rollout get ${name} -n ${namespace} -w`);
  return EXIT_CODES.ok;
}

/**
 * The pod template of a revision, without the label that names it; 0 is the one before the newest.
 * Throws CliError when the history does not have it.
 */
export function templateOfRevision(rollout: Rollout, sets: readonly ReplicaSet[], toRevision: number): Template {
  const revisions = sets
    .filter((set) => controllerOf(set)?.uid === rollout.metadata.uid)
    .map((set) => ({ set, number: Number(set.metadata.annotations?.[REVISION] ?? Number.NaN) }))
    .filter(({ number }) => Number.isInteger(number))
    .sort((a, b) => b.number - a.number);
  const known = revisions.map(({ number }) => number).join(', ');
  const found = toRevision === 0 ? revisions[1] : revisions.find(({ number }) => number === toRevision);
  if (found !== undefined) return withoutHash((found.set.spec.template ?? {}) as Template);
  throw new CliError({
    what:
      toRevision === 0
        ? `no revision found for rollout "${rollout.metadata.name}"`
        : `unable to find specified revision ${toRevision} in history`,
    fix: known === '' ? 'there is no history yet' : `its revisions are ${known}`,
  });
}

function withoutHash(template: Template): Template {
  const { labels, ...metadata } = template.metadata ?? {};
  if (labels?.[HASH_LABEL] === undefined) return template;
  const { [HASH_LABEL]: _hash, ...others } = labels;
  return { ...template, metadata: { ...metadata, labels: others } };
}

async function templateOwner(api: Api, rollout: Rollout): Promise<TemplateOwner> {
  const { namespace = '', name } = rollout.metadata;
  const { workloadRef } = rollout.spec;
  if (workloadRef === undefined) {
    return { kind: 'Rollout', name, namespace, template: (rollout.spec.template ?? {}) as Template };
  }
  const kind = workloadRef.kind;
  if (kind !== 'Deployment' && kind !== 'ReplicaSet') {
    throw new CliError({ what: `workload of type ${kind} is not supported`, where: `rollout ${name}` });
  }
  const workload = await api.get(`${kind}.apps`, namespace, workloadRef.name ?? '');
  return { kind, name: workload.metadata.name, namespace, template: (workload.spec?.template ?? {}) as Template };
}

async function write(api: Api, { kind, namespace, name }: TemplateOwner, patch: JsonPatchStep[]): Promise<void> {
  await api.patch(kind === 'Rollout' ? ROLLOUT : `${kind}.apps`, { namespace, name }, patch, 'json');
}

function parseAssignment(word: string): readonly [container: string, image: string] {
  const equals = word.indexOf('=');
  if (equals > 0 && equals < word.length - 1) return [word.slice(0, equals), word.slice(equals + 1)];
  throw new CliError({ what: `"${word}" is not CONTAINER=IMAGE`, fix: 'write for example web=registry/web:1.2.3' });
}

/** Sets an image wherever a container of that name is, and fails when the list has changed in between. */
export function imagePatch(template: Template, container: string, image: string): JsonPatchStep[] {
  const patch = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((field) => {
    const containers = (template.spec?.[field] ?? []) as readonly Container[];
    return containers.flatMap(({ name }, index): JsonPatchStep[] => {
      const path = `/spec/template/spec/${field}/${index}`;
      if (name !== container && container !== '*') return [];
      return [
        { op: 'test', path: `${path}/name`, value: name },
        { op: 'add', path: `${path}/image`, value: image },
      ];
    });
  });
  if (patch.length > 0) return patch;
  const names = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((field) =>
    ((template.spec?.[field] ?? []) as readonly Container[]).map(({ name }) => name),
  );
  const fix = `its containers are ${names.join(', ') || 'none'}`;
  throw new CliError({ what: `unable to find container named "${container}"`, fix });
}

const TRACKING = 'argocd.argoproj.io/tracking-id';

function noteGit({ terminal }: Invocation, { metadata }: Rollout): void {
  const application = metadata.annotations?.[TRACKING]?.split(':')[0];
  if (application === undefined) return;
  terminal.note(
    `Note: git still asks for the other version; Application ${application} will put it back unless you commit`,
  );
}
