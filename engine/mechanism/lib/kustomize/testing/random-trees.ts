/** Small random trees for the comparison with real binaries: a Deployment, patches of it, and settings around them. */
import fc from 'fast-check';

const names = fc.constantFrom('a', 'b', 'c');
/** Texts that YAML writers quote, fold or keep in their own ways. */
const text = fc.constantFrom(
  'x',
  'yes',
  '1',
  'a: b',
  ' lead',
  'two\nlines',
  'two\nlines\n',
  'true',
  '0x1',
  'long text '.repeat(12),
  '#c',
  '',
  'é',
  '1e3',
  '-',
  '*',
  'a\tb',
  '2001-01-01',
  "it's",
  '"q"',
  'trail ',
  '~',
  '0o7',
  '1_000',
  '.5',
  'null',
);
const option = <T>(arbitrary: fc.Arbitrary<T>, freq = 2) => fc.option(arbitrary, { nil: undefined, freq });
const list = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 3 });

function directive(isPatch: boolean) {
  return isPatch ? option(fc.constantFrom('delete', 'replace', 'merge'), 1) : fc.constant(undefined);
}

function container(isPatch: boolean) {
  return fc.record({
    name: names,
    $patch: directive(isPatch),
    image: option(fc.constantFrom('nginx:1', 'redis', 'r:5/x@sha256:aa')),
    env: option(list(fc.record({ name: names, value: option(isPatch ? fc.option(text, { freq: 8 }) : text) }))),
    ports: option(
      list(fc.record({ containerPort: fc.constantFrom(80, 81), protocol: option(fc.constantFrom('TCP', 'UDP')) })),
    ),
    args: option(list(text)),
    volumeMounts: option(list(fc.record({ mountPath: fc.constantFrom('/a', '/b'), name: names }))),
  });
}

function deployment(isPatch: boolean) {
  return fc
    .record({
      labels: option(fc.record({ a: text, b: option(isPatch ? fc.constant(null) : fc.constant('1')) })),
      annotations: option(fc.record({ x: text })),
      finalizers: option(list(names)),
      strategy: option(fc.record({ $patch: directive(isPatch), type: fc.constant('x') })),
      containers: fc.array(container(isPatch), { minLength: isPatch ? 0 : 1, maxLength: 3 }),
      volumes: option(list(fc.record({ name: names, $patch: directive(isPatch), emptyDir: fc.constant({}) }))),
    })
    .map(({ labels, annotations, finalizers, strategy, containers, volumes }) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', labels, annotations, finalizers },
      spec: { strategy, template: { spec: { containers, volumes } } },
    }));
}

/** The files of one tree, with its kustomization at the root. */
export const randomTrees: fc.Arbitrary<Record<string, string>> = fc
  .record({
    resource: deployment(false),
    patches: fc.array(deployment(true), { maxLength: 2 }),
    namePrefix: option(fc.constant('p-')),
    namespace: option(fc.constant('ns')),
    commonAnnotations: option(fc.record({ k: text })),
    images: option(fc.constant([{ name: 'nginx', newTag: 't' }])),
    labels: option(
      fc.boolean().map((includeSelectors) => [{ pairs: { l: 'v' }, includeSelectors, includeTemplates: true }]),
    ),
    literals: option(list(text.map((value) => `key${value.length}=${value.trim()}`))),
  })
  .map(({ resource, patches, literals, ...settings }) => ({
    'kustomization.yaml': JSON.stringify({
      resources: ['r.yaml'],
      patches: patches.map((patch) => ({ patch: JSON.stringify(patch) })),
      ...(literals === undefined ? {} : { configMapGenerator: [{ name: 'cm', literals }] }),
      ...settings,
    }),
    'r.yaml': JSON.stringify(resource),
  }));
