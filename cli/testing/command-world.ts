import { Resources } from '../../engine/mechanism/api/resources.ts';
import { volatileJournal } from '../../engine/mechanism/store/journal.ts';
import { Store } from '../../engine/mechanism/store/store.ts';
import { seededEntropy } from '../../engine/vocabulary/core/entropy.ts';
import { entropyIds } from '../../engine/vocabulary/core/ids.ts';
import { KINDS, type ResourceKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { parseCommandLine } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { COMMANDS } from '../commands/index.ts';
import { CliError, type ExitCode, type Trouble } from '../errors.ts';
import { openTerminal } from '../terminal.ts';

/** Monday, half past ten. */
const NOW = Date.parse('2026-01-05T10:30:00Z');

interface Outcome {
  code: ExitCode;
  out: string;
  err: string;
  trouble?: Trouble;
}

/** Commands over a store, without a connection: what a command sends is what the store holds afterwards. */
export function openCommandWorld() {
  const store = new Store(volatileJournal);
  const admission = { admit: (object: KubeObject) => object };
  const resources = new Resources({ store, clock: { now: () => NOW }, ids: entropyIds(seededEntropy(1)), admission });
  for (const name of ['argocd', 'shop']) resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const find = (kind: string, namespace: string, name: string) => store.get(kind, namespace, name);
  const list = (kind: string, { namespace }: { namespace?: string } = {}) =>
    Promise.resolve({ items: store.list(kind, namespace), resourceVersion: '1' });
  const api = {
    find: (kind: string, namespace: string, name: string) => Promise.resolve(find(kind, namespace, name)),
    get: (kind: string, namespace: string, name: string) => Promise.resolve(find(kind, namespace, name)),
    list,
    listKind: (kind: ResourceKind, query: { namespace?: string }) => list(kind.id, query),
    patch: (kind: string, target: { namespace: string; name: string }, patch: Record<string, unknown>) =>
      Promise.resolve(resources.patch({ kind, ...target }, { type: 'merge', patch })),
    json: ({ method, path, body }: { method: string; path: string; body: string }) => {
      if (method === 'POST') return Promise.resolve(resources.create(JSON.parse(body)));
      const [, plural, name] = /\/namespaces\/[^/]+\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
      const kind = KINDS.find((known) => known.plural === plural)?.id ?? '';
      return Promise.resolve(resources.delete({ kind, namespace: 'shop', name: name ?? '' }));
    },
  };
  async function pern(...words: string[]): Promise<Outcome> {
    const output = { out: '', err: '' };
    const stream = (name: 'out' | 'err') => ({
      isTTY: false,
      write(text: string) {
        output[name] += text;
      },
    });
    const request = parseCommandLine(words, COMMANDS);
    if (request.ask !== 'run') throw new Error('no command');
    const noRepository = () => {
      throw new CliError({ what: 'not in a repository' });
    };
    const invocation = {
      ...request,
      terminal: openTerminal({ stdout: stream('out'), stderr: stream('err'), environment: {}, color: 'never' }),
      session: { api: () => Promise.resolve(api), repository: noRepository },
      environment: {},
      now: () => NOW,
      signal: new AbortController().signal,
    } as unknown as Invocation;
    try {
      return { code: await request.command.run(invocation), ...output };
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      return { code: error.exitCode, ...output, trouble: error.trouble };
    }
  }
  return { store, resources, pern };
}
