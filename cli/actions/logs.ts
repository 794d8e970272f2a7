import type { Api } from '../client/api.ts';
import { resolveKinds } from '../client/resources.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import type { Pod } from '../view/pods.ts';

export async function runLogs(invocation: Invocation): Promise<ExitCode> {
  const { session, arguments: words } = invocation;
  const api = await session.api();
  const namespace = await session.namespace();
  await printLogs(invocation, api, await findPods(api, words[0] ?? '', namespace));
  return EXIT_CODES.ok;
}

/** The logs of pods, one after the other or, with --follow, as they come; several are told apart by a prefix. */
export async function printLogs(invocation: Invocation, api: Api, pods: readonly Pod[]): Promise<void> {
  const { options, terminal, signal } = invocation;
  const tail = options.count('tail');
  const base = {
    ...(options.flag('follow') ? { follow: 'true' } : {}),
    ...(options.flag('previous') ? { previous: 'true' } : {}),
    ...(options.flag('timestamps') ? { timestamps: 'true' } : {}),
    ...(tail === undefined ? {} : { tailLines: String(tail) }),
  };
  const print = async (pod: Pod) => {
    const container = containerOf(pod, options.text('container'));
    const prefix = pods.length === 1 ? '' : `[${pod.metadata.name}] `;
    let rest = '';
    const { namespace = 'default', name } = pod.metadata;
    for await (const part of api.logs({ namespace, name }, { ...base, container }, signal)) {
      if (prefix === '') terminal.write(part);
      else {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        terminal.write(lines.map((line) => `${prefix}${line}\n`).join(''));
      }
    }
    if (rest !== '') terminal.write(`${prefix}${rest}\n`);
  };
  if (options.flag('follow')) await Promise.all(pods.map(print));
  else for (const pod of pods) await print(pod);
}

/** The pod, or the pods that the selector of a workload selects. Throws CliError when there are none. */
async function findPods(api: Api, word: string, namespace: string): Promise<Pod[]> {
  const slash = word.indexOf('/');
  if (slash < 0) return [await api.get('Pod', namespace, word)];
  const [kind] = await resolveKinds(word.slice(0, slash), api);
  const name = word.slice(slash + 1);
  if (kind?.kind === 'Pod') return [await api.get('Pod', namespace, name)];
  const owner = await api.getKind(kind!, namespace, name);
  const selector = (owner.spec as { selector?: { matchLabels?: Record<string, string> } } | undefined)?.selector;
  const byName = kind?.kind === 'Job' ? { matchLabels: { 'job-name': name } } : undefined;
  const wanted = selector?.matchLabels === undefined ? byName : selector;
  if (wanted === undefined)
    throw new CliError({ what: `a ${kind?.kind} has no pods of its own`, fix: 'name a pod or a workload' });
  const { items } = await api.list('Pod', { namespace });
  const pods = items.filter((pod) => hasLabels(pod, wanted.matchLabels ?? {}));
  if (pods.length === 0) throw new CliError({ what: `${word} has no pods now`, where: `namespace ${namespace}` });
  return pods;
}

function containerOf(pod: Pod, wanted: string | undefined): string {
  const names = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])].map(({ name }) => name);
  if (wanted === undefined) return names[0] ?? '';
  if (names.includes(wanted)) return wanted;
  throw new CliError({
    what: `pod ${pod.metadata.name} has no container "${wanted}"`,
    fix: `use one of: ${names.join(', ')}`,
  });
}

function hasLabels({ metadata }: Pod, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => metadata.labels?.[key] === value);
}
