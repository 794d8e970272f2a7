import { describe, expect, it } from 'vitest';
import type { Answer, Question } from '#machine/questions.ts';
import { expandApplicationSet } from './expand.ts';
import { generate } from './generators.ts';
import { selectDirectories, selectFiles } from './git-generator.ts';
import { renderFasttemplate } from './templating.ts';
import type { ApplicationSetSpec, Generator, Params } from './types.ts';

const FAST = { go: false, missingKey: 'default' } as const;
const GO = { go: true, missingKey: 'error' } as const;

/** A repository as the answers to questions about it. */
function repository(files: Record<string, string>) {
  const directories = new Set<string>();
  for (const path of Object.keys(files)) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) directories.add(parts.slice(0, depth).join('/'));
  }
  return (question: Question): Answer => {
    switch (question.ask) {
      case 'revision':
        return { ok: true, value: { sha: 'a' } };
      case 'tree':
        return { ok: true, value: { directories: [...directories].sort(), files: Object.keys(files).sort() } };
      default:
        return { ok: true, value: { contents: files } };
    }
  };
}

const run = (
  entry: Generator,
  templating: typeof FAST | typeof GO = FAST,
  files: Record<string, string> = {},
): Params[] =>
  generate(entry, 'spec.generators[0]', templating, repository(files) as never).flatMap(({ params }) => params);
const list = (...elements: Record<string, unknown>[]): Generator => ({ list: { elements } });
const directories = (paths: string[], ...items: [path: string, exclude?: boolean][]) =>
  selectDirectories(
    paths,
    items.map(([path, exclude]) => ({ path, exclude })),
  );

describe('list', () => {
  it('cd/A01 flattens values', () => {
    expect(run(list({ cluster: 'c', url: 'u', values: { foo: 'bar' } }))).toEqual([
      { cluster: 'c', url: 'u', 'values.foo': 'bar' },
    ]);
  });

  it('cd/A02 takes texts only without Go templates', () => {
    expect(() => run(list({ n: 5 }))).toThrow('error parsing value as string');
    expect(run(list({ n: 5 }), GO)).toEqual([{ n: 5 }]);
  });

  it('cd/A33 selects by labels', () => {
    const entry = {
      ...list({ foo: 'bar', n: '1' }, { foo: 'baz', n: '2' }),
      selector: { matchLabels: { foo: 'bar' } },
    };
    expect(run(entry).map(({ n }) => n)).toEqual(['1']);
  });
});

describe('git directories', () => {
  it('cd/A03 gives path parameters', () => {
    const entry = { git: { repoURL: 'r', directories: [{ path: '*' }] } };
    const sets = run(entry, FAST, { 'app1/x': '', 'app_3/x': '', 'p1/app4/x': '', '.git/x': '' });
    expect(sets.map(({ path }) => path)).toEqual(['app1', 'app_3', 'p1']);
    expect(sets[1]).toEqual({
      path: 'app_3',
      'path.basename': 'app_3',
      'path.basenameNormalized': 'app-3',
      'path[0]': 'app_3',
    });
  });

  it('cd/A04 puts them under a prefix', () => {
    const [set] = run({ git: { repoURL: 'r', directories: [{ path: '*' }], pathParamPrefix: 'my' } }, FAST, {
      'a/x': '',
    });
    expect(Object.keys(set ?? {})).toEqual(['my.path', 'my.path.basename', 'my.path.basenameNormalized', 'my.path[0]']);
  });

  it('cd/A05 matches segment by segment', () => {
    expect(directories(['app1', 'p1', 'p1/app2', 'p1/p2', 'p1/p2/app3', 'p1/p2/p3'], ['p1/*'], ['p1/*/*'])).toEqual([
      'p1/app2',
      'p1/p2',
      'p1/p2/app3',
      'p1/p2/p3',
    ]);
  });

  it.each([[[['p1/*', true], ['*'], ['*/*']]], [[['*'], ['*/*'], ['p1/*', true]]]])(
    'cd/A06 exclusion wins in any order',
    (items) => {
      const paths = ['app1', 'app2', 'p1/app2', 'p1/app3', 'p2/app3'];
      expect(directories(paths, ...(items as [string, boolean?][]))).toEqual(['app1', 'app2', 'p2/app3']);
    },
  );

  it('cd/A07 fills values in, and leaves what is unknown', () => {
    const values = { foo: 'bar', aaa: '{{ path[0] }}', 'no-op': '{{ this-does-not-exist }}' };
    const [set] = run({ git: { repoURL: 'r', directories: [{ path: '*' }], values } }, FAST, { 'app1/x': '' });
    expect(set).toMatchObject({
      'values.foo': 'bar',
      'values.aaa': 'app1',
      'values.no-op': '{{ this-does-not-exist }}',
    });
  });

  it('cd/A08 passes on why the repository cannot be read', () => {
    const away = (question: Question): Answer =>
      question.ask === 'revision'
        ? { ok: true, value: { sha: 'a' } }
        : { ok: false, failure: { code: 'X', message: 'error' } };
    const entry = { git: { repoURL: 'r', directories: [{ path: '*' }] } };
    expect(() => generate(entry, 'f', FAST, away as never)).toThrow(
      'error generating params from git: error getting directories from repo: error',
    );
  });
});

describe('git files', () => {
  const entry: Generator = { git: { repoURL: 'r', files: [{ path: '**/*.yaml' }] } };
  const one = (content: string) => run(entry, FAST, { 'path/dir/file_name.yaml': content });

  it('cd/A09 flattens content', () => {
    expect(one('foo: {bar: baz}')).toEqual([
      {
        'foo.bar': 'baz',
        path: 'path/dir',
        'path.basename': 'dir',
        'path.basenameNormalized': 'dir',
        'path.filename': 'file_name.yaml',
        'path.filenameNormalized': 'file-name.yaml',
        'path[0]': 'path',
        'path[1]': 'dir',
      },
    ]);
  });

  it('cd/A10 nests it with Go templates', () => {
    const git = { repoURL: 'r', files: [{ path: '**/*.yaml' }], values: { somekey: '{{.path.basename}}' } };
    expect(run({ git }, GO, { 'path/dir/file_name.yaml': 'foo: {bar: baz}' })).toEqual([
      {
        foo: { bar: 'baz' },
        path: {
          path: 'path/dir',
          basename: 'dir',
          basenameNormalized: 'dir',
          filename: 'file_name.yaml',
          filenameNormalized: 'file-name.yaml',
          segments: ['path', 'dir'],
        },
        values: { somekey: 'dir' },
      },
    ]);
  });

  it('cd/A11-A14 takes an empty file, refuses text, and takes lists apart', () => {
    expect(one('')).toHaveLength(1);
    expect(() => one('this is not json or yaml')).toThrow("unable to process file 'path/dir/file_name.yaml'");
    expect(one('[{"a": "1"}, {"a": "2"}]').map(({ a }) => a)).toEqual(['1', '2']);
    expect(one('[]')).toEqual([]);
  });

  it('cd/A15, cd/A16 select and exclude', () => {
    const files = ['cluster-config/production/config.json', 'p1/config.json', 'p1/p2/config.json'];
    const items = [
      { path: '**/config.json' },
      { path: 'p1/**/config.json', exclude: true },
      { path: 'p1/config.json', exclude: true },
    ];
    expect(selectFiles(files, items)).toEqual(['cluster-config/production/config.json']);
    const both = ['some-path/staging/values.yaml', 'some-path/values.yaml'];
    expect(selectFiles(both, [{ path: 'some-path/*.yaml' }])).toEqual(both);
  });
});

describe('matrix', () => {
  const matrix = (...generators: Generator[]): Generator => ({ matrix: { generators } });

  it('cd/A21 combines every set with every set', () => {
    const git: Generator = { git: { repoURL: 'r', directories: [{ path: '*' }] } };
    const sets = run(matrix(git, list({ cluster: 'c1' }, { cluster: 'c2' })), FAST, { 'app1/x': '', 'app2/x': '' });
    expect(sets.map(({ path, cluster }) => `${path} ${cluster}`)).toEqual(['app1 c1', 'app1 c2', 'app2 c1', 'app2 c2']);
  });

  it('cd/A22 wants exactly two', () => {
    expect(() => run(matrix(list()))).toThrow('found less than two generators');
    expect(() => run(matrix(list(), list(), list()))).toThrow('found more than two generators');
    expect(() => run(matrix({ list: {}, git: { repoURL: 'r' } }, list({ a: 'b' })))).toThrow(
      'found more than one generator',
    );
  });

  it('cd/A23 the first child wins with Go templates; cd/A24 a conflict is an error without', () => {
    expect(run(matrix(list({ a: false, m: { x: 1 } }), list({ a: true, m: { y: 2 } })), GO)).toEqual([
      { a: false, m: { x: 1, y: 2 } },
    ]);
    expect(() => run(matrix(list({ a: '1' }), list({ a: '2' })))).toThrow(
      'found duplicate key a with different value, a: 1 ,b: 2',
    );
  });

  it('cd/A25 the second child sees the first', () => {
    const second = {
      ...list({ env: 'dev', id: '1' }, { env: 'prod', id: '2' }),
      selector: { matchLabels: { env: '{{env}}' } },
    };
    expect(run(matrix(list({ env: 'prod' }), second))).toEqual([{ env: 'prod', id: '2' }]);
  });
});

describe('merge', () => {
  const merge = (mergeKeys: string[], ...generators: Generator[]): Generator => ({ merge: { mergeKeys, generators } });

  it('cd/A27 lays later children over the first', () => {
    const sets = run(
      merge(
        ['b'],
        list({ a: '1_1', b: 'same', c: '1_3' }),
        list({ a: '2_1', b: 'same' }),
        list({ a: '3_1', b: 'different', c: '3_3' }),
      ),
    );
    expect(sets).toEqual([{ a: '2_1', b: 'same', c: '1_3' }]);
  });

  it('cd/A28 drops what the first child does not have', () => {
    expect(run(merge(['b'], list({ a: 'a' }), list({ b: 'b' })))).toEqual([{ a: 'a' }]);
  });

  it('cd/A29 takes a matrix as a child', () => {
    const nested: Generator = { matrix: { generators: [list({ a: '1' }, { a: '2' }), list({ b: '1' }, { b: '2' })] } };
    expect(run(merge(['a', 'b'], nested, list({ a: '1', b: '1', c: 'added' })))).toEqual([
      { a: '1', b: '1', c: 'added' },
      { a: '1', b: '2' },
      { a: '2', b: '1' },
      { a: '2', b: '2' },
    ]);
  });

  it('cd/A31, cd/A32 refuse what is not unique, keyless or alone', () => {
    const twice = list({ key1: 'a', key2: 'a' }, { key1: 'a', key2: 'a' });
    expect(() => run(merge(['key1', 'key2'], twice, list()))).toThrow('Duplicate key was {"key1":"a","key2":"a"}');
    expect(() => run(merge([], list(), list()))).toThrow('no merge keys were specified');
    expect(() => run(merge(['a'], list()))).toThrow('found less than two generators');
  });
});

describe('expansion', () => {
  const finalizersOf = (spec: Partial<ApplicationSetSpec>) =>
    expandApplicationSet(
      { generators: [list({ a: 'b' })], template: { metadata: { name: 'n' } }, ...spec },
      'argocd',
      () => undefined,
    )[0]?.metadata.finalizers;
  const own = { metadata: { name: 'n', finalizers: ['mine'] } };

  it('cd/A34 adds the finalizer unless resources are preserved', () => {
    expect(finalizersOf({})).toEqual(['resources-finalizer.argocd.argoproj.io']);
    expect(finalizersOf({ syncPolicy: { preserveResourcesOnDeletion: true } })).toBeUndefined();
    expect(finalizersOf({ template: own, syncPolicy: { preserveResourcesOnDeletion: true } })).toEqual(['mine']);
  });

  it('fills in what a generator has as a template of its own', () => {
    const generators = [{ list: { elements: [{ a: 'b' }], template: { metadata: { labels: { own: '{{a}}' } } } } }];
    const [application] = expandApplicationSet(
      { generators, template: { metadata: { name: 'n-{{a}}' } } },
      'argocd',
      () => undefined,
    );
    expect(application?.metadata).toMatchObject({ name: 'n-b', labels: { own: 'b' } });
  });

  it('refuses what is not reproduced, by field', () => {
    const refuse = (spec: ApplicationSetSpec) => () => expandApplicationSet(spec, 'argocd', () => undefined);
    expect(refuse({ strategy: { type: 'RollingSync' } })).toThrow('spec.strategy.type: RollingSync is not reproduced');
    expect(refuse({ wild: 1 })).toThrow('spec.wild: not reproduced');
    expect(refuse({ goTemplate: true, goTemplateOptions: ['x=y'] })).toThrow('unrecognized option: x=y');
  });

  it('leaves unknown fasttemplate tags as they are', () => {
    expect(renderFasttemplate('{{a}} {{ b }} {{c', { a: '1' })).toBe('1 {{ b }} {{c');
  });
});
