import { describe, expect, it } from 'vitest';
import type { Answer, Question } from '#machine/questions.ts';
import { generate } from './generators.ts';
import { selectDirectories, selectFiles } from './git-generator.ts';
import type { ClusterSecret } from './inputs.ts';
import type { Generator, Params } from './types.ts';

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
  clusters: ClusterSecret[] = [],
): Params[] =>
  generate(entry, 'spec.generators[0]', templating, { ask: repository(files) as never, clusters }).flatMap(
    ({ params }) => params,
  );
const cluster = (name: string, labels: Record<string, string> = {}): ClusterSecret => ({
  name,
  server: `https://${name}`,
  project: '',
  labels: { 'argocd.argoproj.io/secret-type': 'cluster', ...labels },
  annotations: {},
});
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
    expect(() => generate(entry, 'f', FAST, { ask: away as never, clusters: [] })).toThrow(
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
    const first: Generator = { git: { repoURL: 'r', files: [{ path: '*/config.json' }] } };
    const second: Generator = { clusters: { selector: { matchLabels: { environment: '{{path.basename}}' } } } };
    const files = { 'prod/config.json': '{}', 'dev/config.json': '{}' };
    const clusters = ['prod', 'dev', 'other'].map((name) => cluster(name, { environment: name }));
    const sets = run(matrix(first, second), FAST, files, clusters);
    expect(sets.map((set) => `${set.path} ${set.name}`)).toEqual(['dev dev', 'prod prod']);
  });

  it('leaves values that name a parameter of the second child to that child', () => {
    const second: Generator = { clusters: { values: { both: '{{.a}}', own: '{{.name}}' } } };
    expect(run(matrix(list({ a: 'x' }), second), GO)[0]?.values).toEqual({ both: 'x', own: 'in-cluster' });
  });

  it('does not fill in the selector beside a child', () => {
    const second = { ...list({ env: 'prod' }), selector: { matchLabels: { env: '{{env}}' } } };
    expect(run(matrix(list({ e: 'prod' }), second))).toEqual([]);
  });

  it('nests once, and no more', () => {
    const inner = matrix(list({ a: '1' }), list({ b: '1' }));
    expect(run(matrix(inner, list({ c: '1' })))).toEqual([{ a: '1', b: '1', c: '1' }]);
    expect(() => run(matrix(matrix(inner, list()), list()))).toThrow('nest one level deep only');
  });

  it('refuses a product beyond measure', () => {
    const many = list(...Array.from({ length: 300 }, (_, index) => ({ [`k${index}`]: 'v' })));
    expect(() => run(matrix(many, many), GO)).toThrow('more than 50000 parameter sets');
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

  it('cd/A30 merges what is merged', () => {
    const inner = merge(
      ['a'],
      list({ a: 'a1', b: 'b1' }, { a: 'a2', b: 'b2' }),
      list({ a: 'a1', b: 'b3', c: 'added' }, { a: 'a3', b: 'b2' }),
    );
    expect(run(merge(['a', 'b'], inner, list({ a: 'a1', b: 'b3', d: 'added' })))).toEqual([
      { a: 'a1', b: 'b3', c: 'added', d: 'added' },
      { a: 'a2', b: 'b2' },
    ]);
  });

  it('cd/A31, cd/A32 refuse what is not unique, keyless or alone', () => {
    const twice = list({ key1: 'a', key2: 'a' }, { key1: 'a', key2: 'a' });
    expect(() => run(merge(['key1', 'key2'], twice, list()))).toThrow('Duplicate key was {"key1":"a","key2":"a"}');
    expect(() => run(merge([], list(), list()))).toThrow('no merge keys were specified');
    expect(() => run(merge(['a'], list()))).toThrow('found less than two generators');
  });
});

describe('clusters', () => {
  const all = [
    cluster('staging-01', { environment: 'staging' }),
    { ...cluster('production_01/west', { environment: 'production' }), annotations: { owner: 'team' } },
  ];
  const names = (entry: Generator) => run(entry, FAST, {}, all).map(({ name }) => name);

  it('cd/A17 gives every cluster, the local one last', () => {
    const sets = run({ clusters: {} }, FAST, {}, all);
    expect(sets.map(({ nameNormalized }) => nameNormalized)).toEqual([
      'production-01-west',
      'staging-01',
      'in-cluster',
    ]);
    expect(sets[0]).toMatchObject({
      'metadata.annotations.owner': 'team',
      'metadata.labels.environment': 'production',
    });
    expect(run({ clusters: {} }, GO, {}, all)[0]).toMatchObject({ metadata: { annotations: { owner: 'team' } } });
  });

  it('cd/A18, cd/A19 leave the local cluster out when a selector is given', () => {
    expect(names({ clusters: { selector: { matchLabels: { environment: 'production' } } } })).toEqual([
      'production_01/west',
    ]);
    const values = ['production', 'staging'];
    const matchExpressions = [{ key: 'environment', operator: 'In', values }];
    expect(names({ clusters: { selector: { matchExpressions } } })).toEqual(['production_01/west', 'staging-01']);
  });

  it('cd/A20 gives one list', () => {
    const [set, ...more] = run({ clusters: { flatList: true } }, GO, {}, all);
    expect(more).toEqual([]);
    expect((set as { clusters: Params[] }).clusters.map(({ name }) => name)).toEqual([
      'production_01/west',
      'staging-01',
      'in-cluster',
    ]);
  });

  it('does not add the local cluster twice', () => {
    const local = { ...cluster('here'), server: 'https://kubernetes.default.svc' };
    expect(run({ clusters: {} }, FAST, {}, [local]).map(({ name }) => name)).toEqual(['here']);
  });
});

describe('what is refused', () => {
  it.each([
    [{ plugin: {} }, 'spec.generators[0].plugin: this generator is not reproduced'],
    [{ clusterDecisionResource: {} }, 'spec.generators[0].clusterDecisionResource: this generator is not reproduced'],
    [{ list: { elements: [], typo: 1 } as never }, 'spec.generators[0].list.typo: not reproduced'],
    [{ list: { elementsYaml: 'a: [' } }, 'spec.generators[0].list.elementsYaml: '],
    [{ list: { elementsYaml: 'a: b' } }, 'elementsYaml: must be a list'],
    [{ list: 'x' as never }, 'spec.generators[0].list: must be a mapping'],
    [{ git: { repoURL: 'r' } }, 'ApplicationSet is empty'],
    [{ ...list(), selector: { matchExpressions: [{ key: 'a', operator: 'Like' }] } }, '"Like" is not a valid label'],
    [{ scmProvider: { github: { organization: 'o' } } }, 'pern-gitops.dev/scm-fixture'],
  ])('%j', (entry, message) => {
    expect(() => run(entry as Generator)).toThrow(message);
  });

  it('a generator of a project that does not exist', () => {
    const entry: Generator = { git: { repoURL: 'r', directories: [{ path: '*' }] } };
    const inputs = { ask: repository({}) as never, clusters: [], project: 'gone', hasProject: () => false };
    expect(() => generate(entry, 'f', FAST, inputs)).toThrow('error getting project gone');
  });
});
