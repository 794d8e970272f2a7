import { formatTime } from '../../engine/vocabulary/core/clock.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { resourceActionLines } from '../view/application-text.ts';
import { findApplication } from './app.ts';
import { findLive, kindOf, type ListedResource, listedResources } from './app-live.ts';
import { planVerb } from './rollout-verbs.ts';

interface ActionPatch {
  subresource?: 'status';
  patch: Record<string, unknown>;
}

type Action = (object: KubeObject, nowTime: string) => readonly ActionPatch[];

const restart: Action = (_object, nowTime) => [
  { patch: { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': nowTime } } } } } },
];
const rolloutVerb =
  (verb: string, promotion: Parameters<typeof planVerb>[2] = 'next'): Action =>
  (object) =>
    planVerb(verb, object as never, promotion);

/** The actions of Argo CD's built-in scripts, by `GROUP/KIND`, as field changes. */
const ACTIONS: Readonly<Record<string, Readonly<Record<string, Action>>>> = {
  'apps/Deployment': {
    pause: () => [{ patch: { spec: { paused: true } } }],
    restart,
    resume: () => [{ patch: { spec: { paused: null } } }],
  },
  'apps/StatefulSet': { restart },
  'apps/DaemonSet': { restart },
  'argoproj.io/Rollout': {
    abort: rolloutVerb('abort'),
    pause: rolloutVerb('pause'),
    'promote-full': rolloutVerb('promote', 'full'),
    restart: (_object, nowTime) => [{ patch: { spec: { restartAt: nowTime } } }],
    resume: rolloutVerb('promote'),
    retry: rolloutVerb('retry'),
    'skip-current-step': rolloutVerb('promote', 'step'),
  },
  'argoproj.io/AnalysisRun': { terminate: () => [{ patch: { spec: { terminate: true } } }] },
  'external-secrets.io/ExternalSecret': {
    refresh: (_object, nowTime) => [{ patch: { metadata: { annotations: { 'force-sync': nowTime } } } }],
  },
};

/** Names of the actions of a kind, sorted. */
export function actionsOf({ group, kind }: { group: string; kind: string }): string[] {
  return Object.keys(ACTIONS[`${group}/${kind}`] ?? {}).sort();
}

export async function runAppActionsList(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const application = await findApplication(await session.api(), words[0] ?? '');
  const rows = chosen(listedResources(application), invocation).flatMap((resource) =>
    actionsOf(resource).map((action) => ({ ...resource, action })),
  );
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(rows, undefined, 2)}\n`);
  else terminal.lines(resourceActionLines(rows));
  terminal.note(`Next: pern app actions run ${words[0]} ACTION --kind KIND`);
  return EXIT_CODES.ok;
}

export async function runAppActionsRun(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, now, arguments: words } = invocation;
  const api = await session.api();
  const application = await findApplication(api, words[0] ?? '');
  const name = words[1] ?? '';
  const candidates = chosen(listedResources(application), invocation);
  const able = candidates.filter((resource) => actionsOf(resource).includes(name));
  if (able.length === 0) {
    const known = [...new Set(candidates.flatMap(actionsOf))].sort().join(', ') || 'none';
    throw new CliError({
      what: `no such resource of ${application.metadata.name} has the action "${name}"`,
      fix: `there are: ${known}`,
    });
  }
  if (able.length > 1 && !options.flag('all')) {
    const names = able.map((resource) => `${resource.kind}/${resource.name}`).join(', ');
    throw new CliError({
      what: `${able.length} resources have the action "${name}": ${names}`,
      fix: 'name one with --resource-name, or say --all',
    });
  }
  for (const resource of able) {
    const live = await findLive(api, resource);
    if (live === undefined) throw new CliError({ what: `${resource.kind}/${resource.name} is not there` });
    const action = ACTIONS[`${resource.group}/${resource.kind}`]?.[name] as Action;
    const { namespace } = live.metadata;
    for (const { subresource, patch } of action(live, formatTime(now()))) {
      const target = { namespace, name: resource.name, ...(subresource === undefined ? {} : { subresource }) };
      await api.patch(kindOf(resource)!.id, target, patch);
    }
    terminal.line(`${resource.kind.toLowerCase()} '${resource.name}': ${name}`);
  }
  terminal.note(`Next: pern app get ${words[0]}`);
  return EXIT_CODES.ok;
}

/** `--kind`, `--group`, `--resource-name` and `--namespace` narrow down what an application lists. */
function chosen(resources: readonly ListedResource[], { options }: Invocation): ListedResource[] {
  const matches = (option: string, value: string) => {
    const wanted = options.text(option);
    return wanted === undefined || wanted.toLowerCase() === value.toLowerCase();
  };
  return resources.filter(
    ({ group, kind, namespace, name }) =>
      matches('kind', kind) &&
      matches('group', group) &&
      matches('resource-name', name) &&
      matches('namespace', namespace),
  );
}
