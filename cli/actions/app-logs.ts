import { controllerOf } from '../../engine/vocabulary/kube/object.ts';
import type { Api } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import type { Application } from '../view/environments.ts';
import type { Pod } from '../view/pods.ts';
import { findApplication } from './app.ts';
import { listedResources } from './app-live.ts';
import { printLogs } from './logs.ts';

/** Logs of the pods that an application's resources run, narrowed down by kind and name. */
export async function runAppLogs(invocation: Invocation): Promise<ExitCode> {
  const { session, arguments: words } = invocation;
  const api = await session.api();
  const application = await findApplication(api, words[0] ?? '');
  const pods = await podsOf(api, application, invocation);
  if (pods.length === 0) {
    throw new CliError({
      what: `${application.metadata.name} has no such pods now`,
      fix: `see "pern app resources ${words[0]}" for what it has`,
    });
  }
  await printLogs(invocation, api, pods);
  return EXIT_CODES.ok;
}

async function podsOf(api: Api, application: Application, { options }: Invocation): Promise<Pod[]> {
  const wanted = (option: string, value: string) =>
    (options.text(option) ?? value).toLowerCase() === value.toLowerCase();
  const roots = new Set(
    listedResources(application)
      .filter(({ group, kind, name }) => wanted('kind', kind) && wanted('group', group) && wanted('name', name))
      .map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`),
  );
  const spaces = [...new Set(listedResources(application).map(({ namespace }) => namespace))].filter(
    (name) => name !== '',
  );
  const found: Pod[] = [];
  for (const namespace of spaces.sort()) {
    const [pods, sets] = await Promise.all([
      api.list('Pod', { namespace }),
      api.list('ReplicaSet.apps', { namespace }),
    ]);
    const ownerOfSet = new Map(sets.items.map((set) => [set.metadata.name, controllerOf(set)]));
    const isWanted = (pod: Pod) => {
      const own = controllerOf(pod);
      const chain = [
        { kind: 'Pod', name: pod.metadata.name },
        own,
        own?.kind === 'ReplicaSet' ? ownerOfSet.get(own.name) : undefined,
      ];
      return chain.some((owner) => owner !== undefined && roots.has(`${owner.kind} ${namespace}/${owner.name}`));
    };
    found.push(...pods.items.filter(isWanted));
  }
  return found;
}
