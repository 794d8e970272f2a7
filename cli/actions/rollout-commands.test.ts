import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kindIdOf } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { parseCommandLine } from '../arguments.ts';
import { type Api, ApiFailure } from '../client/api.ts';
import type { Session } from '../client/session.ts';
import type { Invocation } from '../command.ts';
import { COMMANDS } from '../commands/index.ts';
import { openTerminal } from '../terminal.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';

const NOW_MS = Date.parse('2026-01-01T10:03:00Z');

interface Outcome {
  out: string;
  err: string;
  code: number;
  /** Writes, in order: `patch KIND NAME[/status] JSON` and `create KIND JSON`. */
  writes: string[];
}

/** Runs one command line against the objects of a fixture, recording what it would write. */
async function pern(line: string, fixture = 'rollout-experiment'): Promise<Outcome> {
  const file = join(import.meta.dirname, '..', 'view', 'testdata', `${fixture}.yaml`);
  const objects = parseAllDocuments(readFileSync(file, 'utf8'))
    .slice(1)
    .map((document) => document.toJS() as KubeObject);
  const request = parseCommandLine(line.split(' '), COMMANDS);
  if (request.ask === 'help') throw new Error('the line asks for help');
  const outcome: Outcome = { out: '', err: '', code: 0, writes: [] };
  const write = (to: 'out' | 'err') => ({
    write(text: string) {
      outcome[to] += text;
    },
  });
  const invocation: Invocation = {
    ...request,
    terminal: openTerminal({ stdout: write('out'), stderr: write('err'), environment: {}, color: 'never' }),
    session: {
      api: async () => fakeApi(objects, outcome.writes),
      namespace: async () => 'shop',
      givenNamespace: async () => 'shop',
    } as unknown as Session,
    environment: {},
    now: () => NOW_MS,
    signal: new AbortController().signal,
  };
  outcome.code = await request.command.run(invocation);
  return outcome;
}

function fakeApi(objects: readonly KubeObject[], writes: string[]): Api {
  const of = (kind: string) => objects.filter((object) => kindIdOf(object) === kind);
  return {
    get: async (kind: string, _namespace: string, name: string) => {
      const found = of(kind).find(({ metadata }) => metadata.name === name);
      if (found === undefined) throw new ApiFailure(404, 'NotFound', `${kind} "${name}" not found`);
      return found;
    },
    list: async (kind: string) => ({ items: of(kind), resourceVersion: '1' }),
    watch: async () => {},
    patch: async (kind: string, { name, subresource }: { name: string; subresource?: string }, patch: unknown) => {
      writes.push(
        `patch ${kind} ${name}${subresource === undefined ? '' : `/${subresource}`} ${JSON.stringify(patch)}`,
      );
    },
    create: async (kind: string, _namespace: string, manifest: KubeObject) => {
      writes.push(`create ${kind} ${JSON.stringify(manifest)}`);
      return { metadata: { name: manifest.metadata.name ?? `${manifest.metadata.generateName}x` } };
    },
    listKind: async (kind: { id: string }) => ({ items: of(kind.id), resourceVersion: '1' }),
  } as unknown as Api;
}

describe('pern rollout, verb for verb (rollouts/K03, K04, K07)', () => {
  it.each([
    [
      'restart web',
      "rollout 'web' restarts in 0s\n",
      'patch Rollout.argoproj.io web {"spec":{"restartAt":"2026-01-01T10:03:00Z"}}',
    ],
    [
      'restart web --in 5m',
      "rollout 'web' restarts in 5m\n",
      'patch Rollout.argoproj.io web {"spec":{"restartAt":"2026-01-01T10:08:00Z"}}',
    ],
    ['abort web', "rollout 'web' aborted\n", 'patch Rollout.argoproj.io web/status {"status":{"abort":true}}'],
    [
      'promote web --full',
      "rollout 'web' fully promoted\n",
      'patch Rollout.argoproj.io web/status {"status":{"promoteFull":true}}',
    ],
    [
      'terminate analysisrun web-6b-2-1-compare',
      "analysisRun 'web-6b-2-1-compare' terminated\n",
      'patch AnalysisRun.argoproj.io web-6b-2-1-compare {"spec":{"terminate":true}}',
    ],
    [
      'terminate experiment web-6b-2-1',
      "experiment 'web-6b-2-1' terminated\n",
      'patch Experiment.argoproj.io web-6b-2-1 {"spec":{"terminate":true}}',
    ],
    [
      'retry experiment web-6b-2-1',
      "experiment 'web-6b-2-1' retried\n",
      'patch Experiment.argoproj.io web-6b-2-1 {"status":null}',
    ],
    [
      'set image web web=r/web:9',
      'rollout "web" image updated\n',
      'patch Rollout.argoproj.io web [{"op":"test","path":"/spec/template/spec/containers/0/name","value":"web"},{"op":"add","path":"/spec/template/spec/containers/0/image","value":"r/web:9"}]',
    ],
    [
      'undo web',
      "rollout 'web' undo\n",
      'patch Rollout.argoproj.io web [{"op":"replace","path":"/spec/template","value":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"registry/web:1"}]}}}]',
    ],
  ])('rollout %s', async (line, out, write) => {
    const outcome = await pern(`rollout ${line}`);
    expect([outcome.code, outcome.out, outcome.writes]).toEqual([0, out, [write]]);
    expect(outcome.err).toMatch(/^Next: pern /);
  });

  it('rollout undo to the revision that is wanted already does nothing', async () => {
    const { out, writes } = await pern('rollout undo web --to-revision 2');
    expect([out, writes]).toEqual(['skipped rollback (current template already matches revision 2)\n', []]);
  });

  it('several rollouts at once, each said', async () => {
    const { out } = await pern('rollout pause web web');
    expect(out).toBe("rollout 'web' paused\nrollout 'web' paused\n");
  });

  it('rollout get experiment and list experiments', async () => {
    expect((await pern('rollout get experiment web-6b-2-1')).out).toContain('Σ web-6b-2-1');
    expect((await pern('rollout list experiments')).out).toMatch(/shop +web-6b-2-1 +◌ Running/);
    expect(JSON.parse((await pern('rollout get experiment web-6b-2-1 -o json')).out)).toMatchObject({
      kind: 'Experiment',
    });
    await expect(pern('rollout get experiment nope')).rejects.toThrow('"nope" not found');
  });
});

describe('pern rollout create', () => {
  const TEMPLATE = `apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: { name: success-rate }
spec:
  args: [{ name: hash }, { name: limit, value: "0.95" }]
  metrics: [{ name: m, successCondition: "result[0] > {{args.limit}}", provider: { prometheus: { query: "up" } } }]
`;

  function fileWith(text: string): string {
    const file = join(temporaryFolder('pern-create-'), 'template.yaml');
    writeFileSync(file, text);
    return file;
  }

  it('analysisrun: the template with its arguments, under a generated name', async () => {
    const { out, writes } = await pern(
      `rollout create analysisrun --from-file ${fileWith(TEMPLATE)} --argument hash=6b`,
    );
    expect(out).toBe('analysisrun.argoproj.io/success-rate-x created\n');
    const [write = ''] = writes;
    const manifest = JSON.parse(write.slice('create AnalysisRun.argoproj.io '.length)) as KubeObject;
    expect(manifest.metadata).toEqual({ generateName: 'success-rate-', namespace: 'shop' });
    expect((manifest.spec as { args: unknown }).args).toEqual([
      { name: 'hash', value: '6b' },
      { name: 'limit', value: '0.95' },
    ]);
  });

  it('analysisrun: says what is missing', async () => {
    await expect(pern(`rollout create analysisrun --from-file ${fileWith(TEMPLATE)}`)).rejects.toThrow(
      'args.hash was not resolved',
    );
    await expect(pern('rollout create analysisrun')).rejects.toThrow('one of --from or --from-file must be specified');
  });

  it('files: kinds of Argo Rollouts only', async () => {
    expect((await pern(`rollout create ${fileWith(TEMPLATE)}`)).out).toBe(
      'analysistemplate.argoproj.io/success-rate created\n',
    );
    const pod = fileWith('apiVersion: v1\nkind: Pod\nmetadata: { name: p }\n');
    await expect(pern(`rollout create ${pod}`)).rejects.toThrow('creates of v1 Pod unsupported');
    writeFileSync(pod, 'kind: Rollout\n');
    await expect(pern(`rollout create ${pod}`)).rejects.toThrow('this is not a Kubernetes object');
  });
});
