import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type BuildOptions,
  build,
  type Diagnostic,
  KustomizeError,
  memoryFileSystem,
  ParseCache,
  toYaml,
} from './index.ts';
import { readGoldenCases } from './testing/golden-cases.ts';

describe('golden cases', () => {
  for (const { name, fileSystem, directory, expected } of readGoldenCases()) {
    test(name, () => {
      expect(toYaml(build(fileSystem, directory).resources)).toBe(expected);
    });
  }
});

const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n';
const CONFIG = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n';

function findings(files: Record<string, string>, path = '', options: BuildOptions = {}): readonly Diagnostic[] {
  try {
    build(memoryFileSystem(files), path, options);
  } catch (error) {
    if (error instanceof KustomizeError) return error.diagnostics;
    throw error;
  }
  return [];
}

/** `file:line:column code` of every finding. */
function positions(files: Record<string, string>, path = ''): string[] {
  return findings(files, path).map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);
}

const K = 'kustomization.yaml';
/** More of them: KUSTOMIZE_PROPERTY_RUNS=5000 npx vitest run --project unit engine/mechanism/lib/kustomize */
const PROPERTY_RUNS = Number(process.env.KUSTOMIZE_PROPERTY_RUNS ?? 60);

describe('what upstream reads with patience', () => {
  test('F01 the same scalar twice in a kustomization', () => {
    const text = 'apiVersion: kustomize.config.k8s.io/v1beta1\nresources: [a.yaml]\n';
    const files = { [K]: `apiVersion: kustomize.config.k8s.io/v1beta1\n${text}`, 'a.yaml': CONFIG };
    expect(build(memoryFileSystem(files), '').resources).toHaveLength(1);
  });

  test('F02 a plugin configuration with a field it does not know: a warning', () => {
    const plugin =
      'apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: x-\nfieldSpecs: [{path: metadata/name, name: y}]\n';
    const files = { [K]: 'resources: [a.yaml]\ntransformers: [p.yaml]\n', 'a.yaml': CONFIG, 'p.yaml': plugin };
    const { resources, warnings } = build(memoryFileSystem(files), '');
    expect(resources[0]?.metadata.name).toBe('x-c');
    expect(warnings.map(({ code, file }) => [code, file])).toEqual([['unknown-field', 'p.yaml']]);
  });

  test('F03 files outside of the folder, when asked', () => {
    const files = { [`o/${K}`]: 'resources: [../a.yaml]\n', 'a.yaml': CONFIG };
    expect(build(memoryFileSystem(files), 'o', { loadRestrictor: 'none' }).resources).toHaveLength(1);
  });

  test('F06 a block at the end of a file without a last line break', () => {
    const read = (text: string) =>
      build(memoryFileSystem({ [K]: 'resources: [a.yaml]', 'a.yaml': text }), '').resources[0]?.data;
    expect(read(`${CONFIG}data:\n  a: |\n    x\n    y`)).toEqual({ a: 'x\ny' });
    expect(read(`${CONFIG}data:\n  a: |\n    x\n    y\n`)).toEqual({ a: 'x\ny\n' });
  });

  test('F04 an IAMPolicyGenerator', () => {
    const account = 'kubernetesService: {name: k, namespace: n}\nserviceAccount: {name: g, projectId: p}\n';
    const generator = `apiVersion: builtin\nkind: IAMPolicyGenerator\nmetadata: {name: i}\ncloud: gke\n${account}`;
    const { resources } = build(memoryFileSystem({ [K]: 'generators: [g.yaml]\n', 'g.yaml': generator }), '');
    const annotations = { 'iam.gke.io/gcp-service-account': 'g@p.iam.gserviceaccount.com' };
    expect(resources).toEqual([
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { annotations, name: 'k', namespace: 'n' } },
    ]);
  });

  test('F05 a pattern that would keep a backtracking engine busy for years', () => {
    const target = 'patches: [{patch: "[]", target: {name: "(a+)+b"}}]\nimages: [{name: "(x+x+)+y", newTag: z}]\n';
    const files = {
      [K]: `resources: [a.yaml]\n${target}`,
      'a.yaml': CONFIG.replace('name: c', `name: ${'a'.repeat(200)}`),
    };
    expect(build(memoryFileSystem(files), '').resources).toHaveLength(1);
  });
});

describe('errors: what, where, why, fix', () => {
  const cases: [string, Record<string, string>, string[]][] = [
    ['E01 an unknown field', { [K]: 'resources: []\nimagez: []\n' }, [`${K}:2:1 unknown-field`]],
    ['E02 an unknown nested field', { [K]: 'images:\n- nam: x\n' }, [`${K}:2:3 unknown-field`]],
    ['E03 a number where text belongs', { [K]: 'images:\n- name: x\n  newTag: 1.10\n' }, [`${K}:3:3 wrong-type`]],
    ['E04 helm charts', { [K]: 'helmCharts:\n- name: x\n' }, [`${K}:1:1 unsupported`]],
    ['E05 a remote URL', { [K]: 'resources:\n- https://github.com/a/b?ref=v1\n' }, [`${K}:2:3 unsupported`]],
    ['E06 a missing file', { [K]: 'resources:\n- a.yaml\n' }, [`${K}:2:3 missing-file`]],
    [
      'E07 all findings at once',
      { [K]: 'resources:\n- a.yaml\n- b.yaml\nfoo: 1\n' },
      [`${K}:4:1 unknown-field`, `${K}:2:3 missing-file`, `${K}:3:3 missing-file`],
    ],
    [
      'E07b all findings of the build at once, each once',
      {
        [K]: 'resources: [a, b]\n',
        [`a/${K}`]: `resources: [../c]\nnamePrefix: a-\npatches:\n- path: one.yaml\n- target: {kind: Deployment}\n  patch: '[{op: remove, path: /spec/none}]'\nreplacements:\n- source: {kind: Secret, name: none}\n  targets: []\n`,
        'a/one.yaml': DEPLOYMENT.replace('web', 'wep'),
        [`b/${K}`]: 'resources: [../c]\nnamePrefix: b-\n',
        [`c/${K}`]: 'resources: [web.yaml]\nconfigMapGenerator:\n- {name: x, behavior: merge, literals: [a=b]}\n',
        'c/web.yaml': DEPLOYMENT,
      },
      [`c/${K}:3:3 no-match`, 'a/one.yaml:1:1 no-match', `a/${K}:5:3 invalid-patch`, `a/${K}:8:3 no-match`],
    ],
    ['E08 a path out of the root', { [K]: 'resources:\n- ../../x\n' }, [`${K}:2:3 outside-root`]],
    ['E09 a cycle of one', { [K]: 'resources:\n- .\n' }, [`${K}:2:3 cycle`]],
    ['E10 not YAML', { [K]: 'resources: [' }, [`${K}:1:13 invalid-yaml`]],
    ['E11 binary', { [K]: 'a\0b' }, [`${K}:1:2 invalid-yaml`]],
    ['E12 an empty kustomization', { [K]: '' }, [`${K}:1:1 missing-field`]],
    ['E13 no kustomization', { 'a.yaml': CONFIG }, ['.:1:1 missing-kustomization']],
    [
      'E14 two kustomizations',
      { [K]: 'resources: []', Kustomization: 'resources: []' },
      ['.:1:1 ambiguous-kustomization'],
    ],
    [
      'E15 a duplicate key',
      { [K]: 'resources: [a.yaml]', 'a.yaml': `${CONFIG}data: {a: b}\ndata: {}\n` },
      ['a.yaml:5:1 duplicate-key'],
    ],
    [
      'E16 a duplicate object',
      { [K]: 'resources: [a.yaml, b.yaml]', 'a.yaml': CONFIG, 'b.yaml': CONFIG },
      ['b.yaml:1:1 duplicate-id'],
    ],
    [
      'E17 an object without a name',
      { [K]: 'resources: [a.yaml]', 'a.yaml': 'kind: X\napiVersion: v1\n' },
      ['a.yaml:1:1 invalid-resource'],
    ],
    [
      'E18 a recursive alias',
      { [K]: 'resources: [a.yaml]', 'a.yaml': `${CONFIG}x: &a {y: *a}\n` },
      ['a.yaml:4:11 invalid-yaml'],
    ],
    [
      'E19 an unmatched patch',
      { [K]: 'resources: [a.yaml]\npatches: [{path: p.yaml}]', 'a.yaml': CONFIG, 'p.yaml': DEPLOYMENT },
      ['p.yaml:1:1 no-match'],
    ],
    [
      'E20 unmatched replicas',
      { [K]: 'resources: [a.yaml]\nreplicas:\n- {name: wep, count: 1}', 'a.yaml': DEPLOYMENT },
      [`${K}:3:3 no-match`],
    ],
    [
      'E21 a failing JSON patch',
      {
        [K]: 'resources: [a.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: \'[{"op": "remove", "path": "/spec/nope"}]\'',
        'a.yaml': DEPLOYMENT,
      },
      [`${K}:3:3 invalid-patch`],
    ],
    [
      'E22 a generator key twice',
      { [K]: 'configMapGenerator:\n- name: a\n  literals:\n  - a=1\n  - a=2\n' },
      [`${K}:5:5 duplicate-key`],
    ],
    [
      'E23 a numeric key',
      { [K]: 'resources: [a.yaml]', 'a.yaml': `${CONFIG}data: {1: b}\n` },
      ['a.yaml:4:8 invalid-yaml'],
    ],
    [
      'E24 a Component under resources',
      {
        [K]: 'resources:\n- c\n',
        'c/kustomization.yaml': 'kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n',
      },
      [`${K}:2:3 wrong-value`],
    ],
  ];
  for (const [name, files, expected] of cases) {
    test(name, () => expect(positions(files)).toEqual(expected));
  }

  test('E25 a file above its kustomization', () => {
    expect(positions({ [`o/${K}`]: 'patches:\n- path: ../p.yaml\n', 'p.yaml': DEPLOYMENT }, 'o')).toEqual([
      `o/${K}:2:3 outside-root`,
    ]);
  });

  test('E26 a cycle of two names the chain', () => {
    const [finding] = findings({ [`a/${K}`]: 'resources: [../b]', [`b/${K}`]: 'resources: [../a]' }, 'a');
    expect(finding?.code).toBe('cycle');
    expect(finding?.why).toContain('a → b → a');
  });

  test('E27 the nearest name is suggested, the text is quoted, the message is complete', () => {
    let message = '';
    try {
      build(memoryFileSystem({ [K]: 'resourcez: []\n' }), '');
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(`${K}:1:1: unknown field "resourcez" [unknown-field]\n 1 | resourcez: []\n   | ^`);
    expect(message).toContain('fix: did you mean "resources"?');
  });

  test('E28 an ambiguous reference names both candidates', () => {
    const files = {
      [K]: 'namePrefix: r-\nresources: [a, b, d.yaml]',
      [`a/${K}`]: 'namePrefix: a-\nresources: [c.yaml]',
      'a/c.yaml': CONFIG,
      [`b/${K}`]: 'namePrefix: b-\nresources: [c.yaml]',
      'b/c.yaml': CONFIG,
      'd.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, configMap: {name: c}}]}\n',
    };
    const [finding] = findings(files);
    expect(finding).toMatchObject({ code: 'ambiguous-reference', file: 'd.yaml' });
    expect(finding?.why).toMatch(/a-c.*b-c/);
  });
});

describe('behaviour beside the golden cases', () => {
  test('B01 deprecated fields warn, with their position', () => {
    const { warnings } = build(
      memoryFileSystem({ [K]: 'resources: [a.yaml]\ncommonLabels: {a: b}\n', 'a.yaml': DEPLOYMENT }),
      '',
    );
    expect(warnings).toMatchObject([{ code: 'deprecated', file: K, line: 2, column: 1 }]);
  });

  test('B02 a mapped remote is built from its file system', () => {
    const remote = memoryFileSystem({ [`deploy/${K}`]: 'resources: [a.yaml]', 'deploy/a.yaml': CONFIG });
    const files = { [K]: 'namePrefix: x-\nresources:\n- https://example.com/org/repo//deploy?ref=main\n' };
    const urls: string[] = [];
    const { resources } = build(memoryFileSystem(files), '.', {
      repositories: (url) => {
        urls.push(url);
        return remote;
      },
    });
    expect(urls).toEqual(['https://example.com/org/repo//deploy?ref=main']);
    expect(resources.map((resource) => resource.metadata.name)).toEqual(['x-c']);
  });

  test('B03 the inputs are not changed: two builds give the same bytes', () => {
    for (const { fileSystem, directory } of readGoldenCases()) {
      const first = toYaml(build(fileSystem, directory).resources);
      expect(toYaml(build(fileSystem, directory).resources)).toBe(first);
    }
  });

  test('B04 Argo CD overrides edit the root kustomization', () => {
    const files = {
      [K]: 'resources: [a.yaml]\nimages:\n- {name: nginx, newTag: "1"}\n',
      'a.yaml': `${DEPLOYMENT.replace('{replicas: 1}', '')}  {replicas: 1, template: {spec: {containers: [{name: a, image: nginx}]}}}\n`,
      [`c/${K}`]: 'kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamespace: comp\n',
    };
    const overrides = {
      namePrefix: 'p-',
      nameSuffix: '-s',
      images: ['nginx=registry.example/nginx:2'],
      replicas: [{ name: 'web', count: '4' }],
      commonLabels: { team: 'x' },
      labelWithoutSelector: true,
      commonAnnotations: { note: 'y' },
      components: ['c'],
      patches: [{ target: { kind: 'Deployment' }, patch: '[{"op":"add","path":"/spec/paused","value":true}]' }],
    };
    const [web] = build(memoryFileSystem(files), '', { overrides }).resources;
    expect(web).toMatchObject({
      metadata: { name: 'p-web-s', namespace: 'comp', labels: { team: 'x' }, annotations: { note: 'y' } },
      spec: { replicas: 4, paused: true, template: { spec: { containers: [{ image: 'registry.example/nginx:2' }] } } },
    });
    expect(web?.spec).not.toHaveProperty('selector');
  });

  it('B05 answers keys such as __proto__ and constructor as data', () => {
    const files = {
      [K]: 'resources: [a.yaml]\nnamePrefix: p-',
      'a.yaml': `${CONFIG}data: {__proto__: a, constructor: b}\n`,
    };
    expect(toYaml(build(memoryFileSystem(files), '').resources)).toContain('  __proto__: a\n  constructor: b\n');
  });
});

describe('properties', () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  const field = fc.constantFrom(
    'resources',
    'patches',
    'images',
    'labels',
    'configMapGenerator',
    'components',
    'replacements',
    'namespace',
    'replicas',
    'openapi',
    'sortOptions',
  );

  test('P06 a build with a warm cache gives what a cold one gives, and leaves the cache as it was', () => {
    const cache = new ParseCache();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.constantFrom('a', 'b'), (replicas, prefix) => {
        const files = memoryFileSystem({
          [K]: `resources: [a.yaml]\nnamePrefix: ${prefix}-\ncommonLabels: {l: ${prefix}}\n`,
          'a.yaml': DEPLOYMENT.replace('replicas: 1', `replicas: ${replicas}`),
        });
        expect(build(files, '', { cache }).resources).toEqual(build(files, '').resources);
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  function buildsOrRefuses(files: Record<string, string>): void {
    try {
      toYaml(build(memoryFileSystem(files), '').resources);
    } catch (error) {
      if (!(error instanceof KustomizeError) || error.diagnostics.length === 0) throw error;
    }
  }

  test('P01 any text as kustomization: objects or a KustomizeError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) =>
        buildsOrRefuses({ [K]: text, 'a.yaml': DEPLOYMENT }),
      ),
      { numRuns: PROPERTY_RUNS },
    );
  });

  test('P02 any text as resource or patch', () => {
    const text = fc.string({
      unit: fc.constantFrom(
        'a',
        ':',
        ' ',
        '\n',
        '-',
        '[',
        '{',
        '}',
        ']',
        '&',
        '*',
        '!',
        '|',
        '"',
        "'",
        '#',
        '?',
        '<',
        '\t',
        '1',
        'é',
        '😀',
      ),
    });
    fc.assert(
      fc.property(text, text, (resource, patch) =>
        buildsOrRefuses({
          [K]: 'resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: .*}}]',
          'a.yaml': resource,
          'p.yaml': patch,
        }),
      ),
      { numRuns: 300 },
    );
  });

  test('P03 any value in a known field', () => {
    fc.assert(
      fc.property(fc.dictionary(field, json, { maxKeys: 4 }), (kustomization) =>
        buildsOrRefuses({ [K]: JSON.stringify(kustomization), 'a.yaml': DEPLOYMENT }),
      ),
      { numRuns: 300 },
    );
  });

  test('P05 any value as configuration, schema or CRD definitions', () => {
    const tables = fc.dictionary(fc.constantFrom('namePrefix', 'images', 'nameReference', 'commonLabels', 'x'), json, {
      maxKeys: 3,
    });
    const names = fc.constantFrom(
      'Deployment',
      'Schema',
      'properties',
      'kind',
      'apiVersion',
      'metadata',
      '$ref',
      'items',
    );
    const nested = fc.letrec((tie) => ({
      node: fc.oneof({ depthSize: 'medium' }, json, fc.dictionary(names, tie('node'), { maxKeys: 4 })),
    })).node;
    const kustomization = 'resources: [a.yaml]\npatches: [{path: a.yaml}]\nopenapi: {path: s.json}\n';
    fc.assert(
      fc.property(tables, nested, nested, (configuration, definitions, crds) => {
        const files = { 'a.yaml': DEPLOYMENT, 's.json': JSON.stringify({ definitions }) };
        buildsOrRefuses({ ...files, [K]: kustomization });
        buildsOrRefuses({
          ...files,
          [K]: `${kustomization}configurations: [c.json]`,
          'c.json': JSON.stringify(configuration),
        });
        buildsOrRefuses({ ...files, [K]: `${kustomization}crds: [d.json]`, 'd.json': JSON.stringify(crds) });
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  test('P04 any object survives: written, read back and written again, the text is the same', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { maxKeys: 5 }),
        (data) => {
          const text = toYaml([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data }]);
          const { resources } = build(memoryFileSystem({ [K]: 'resources: [a.yaml]', 'a.yaml': text }), '');
          expect(resources[0]?.data).toEqual(data);
          expect(toYaml(resources)).toBe(text);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('limits and what is refused inside of texts', () => {
  const codes = (files: Record<string, string>) => findings(files).map(({ code }) => code);
  const INTO_TEXT = `resources: [c.yaml]
replacements: [{sourceValue: new, targets: [{select: {name: c}, fieldPaths: ["data.t.a"]}]}]`;
  const holding = (text: string) => `${CONFIG}data: ${JSON.stringify({ t: text })}\n`;

  test('L01 nesting that would keep a parser busy for minutes', () => {
    expect(codes({ [K]: 'resources: [a.yaml]', 'a.yaml': '['.repeat(100_000) })).toEqual(['too-large']);
    expect(codes({ [K]: '- '.repeat(100_000) })).toEqual(['too-large']);
  });

  test('L02 directories that list the next one twice, forty levels deep', () => {
    const files: Record<string, string> = { [K]: 'resources: [l0]', [`l40/${K}`]: 'namePrefix: a-' };
    for (let level = 0; level < 40; level++) {
      files[`l${level}/${K}`] = `resources: [../a${level}, ../b${level}]`;
      for (const side of ['a', 'b']) files[`${side}${level}/${K}`] = `resources: [../l${level + 1}]`;
    }
    expect(codes(files)).toContain('too-large');
  });

  test('L03 copies of copies', () => {
    const copies = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '/data', path: `/data/x${index}` }));
    const patch = JSON.stringify([{ op: 'add', path: '/data', value: { a: 'x' } }, ...copies]);
    const kustomization = JSON.stringify({ resources: ['c.yaml'], patches: [{ patch, target: { name: 'c' } }] });
    expect(codes({ [K]: kustomization, 'c.yaml': CONFIG })).toEqual(['invalid-patch']);
  });

  test('L04 a field that is replaced by twice itself, again and again', () => {
    const target = { select: { name: 'c' }, fieldPaths: ['data.t'], options: { delimiter: '-', index: -1 } };
    const doubling = { source: { kind: 'ConfigMap', fieldPath: 'data.t' }, targets: [target] };
    const kustomization = JSON.stringify({ resources: ['c.yaml'], replacements: Array(60).fill(doubling) });
    expect(new Set(codes({ [K]: kustomization, 'c.yaml': holding('x') }))).toEqual(new Set(['too-large']));
  });

  test('L05 symbolic links: out of the folder, and into a circle', () => {
    const files = memoryFileSystem({ [K]: 'resources: [loop, out.yaml]', 'out.yaml': CONFIG, [`loop/${K}`]: '' });
    const links: Record<string, string> = { loop: '', 'out.yaml': '../etc/passwd' };
    const linked = { ...files, realPath: (path: string) => links[path] ?? path };
    const refused = () => build(linked, '');
    expect(refused).toThrow(/cycle detected/);
    expect(refused).toThrow(/out\.yaml is not in or below the root/);
  });

  test.each([
    ['several documents', 'a: 1\n---\nb: 2\n'],
    ['aliases', 'b: &x 1\na: *x\n'],
    ['tags', 'a: !!str x\n'],
    ['merge keys', '<<: {b: 1}\na: x\n'],
    ['keys that occur twice', 'a: x\na: y\n'],
    ['a comment at the end', 'a: |\n  x\n# end\n'],
    ['a comment set apart', 'b: 1 # one\n# two\n\na: x\n'],
  ])('L06 a replacement into YAML text with %s', (reason, text) => {
    const [finding] = findings({ [K]: INTO_TEXT, 'c.yaml': holding(text) });
    expect(finding?.why).toContain(reason === 'aliases' ? 'anchors' : reason);
    expect(finding?.file).toBe(K);
  });

  test('L07 a number in a text does not become a word', () => {
    expect(codes({ [K]: INTO_TEXT, 'c.yaml': holding('a: 1\n') })).toEqual(['no-match']);
    expect(codes({ [K]: INTO_TEXT, 'c.yaml': holding('{"a": 1}') })).toEqual(['no-match']);
  });

  test('L08 a validator that changes an object, and one that is no built-in plugin', () => {
    const label = `apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n`;
    const kustomization = 'resources: [c.yaml]\nvalidators: [v.yaml]\n';
    expect(positions({ [K]: kustomization, 'c.yaml': CONFIG, 'v.yaml': label })).toEqual(['v.yaml:1:1 wrong-value']);
    const foreign = label.replace('builtin', 'example.com/v1');
    expect(positions({ [K]: kustomization, 'c.yaml': CONFIG, 'v.yaml': foreign })).toEqual(['v.yaml:1:1 unsupported']);
  });
});
