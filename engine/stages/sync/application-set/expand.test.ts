import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandApplicationSet } from './expand.ts';
import { compileFasttemplate, FasttemplateError } from './fasttemplate.ts';
import { type ApplicationSetSpec, type Generator, GeneratorError, TemplateError } from './types.ts';

const list = (...elements: Record<string, unknown>[]): Generator => ({ list: { elements } });
const expand = (spec: Partial<ApplicationSetSpec>) =>
  expandApplicationSet({ generators: [list({ a: 'b' })], template: { metadata: { name: 'n' } }, ...spec }, 'argocd', {
    ask: () => undefined,
    clusters: [],
  });

describe('expansion', () => {
  const finalizersOf = (spec: Partial<ApplicationSetSpec>) => expand(spec)[0]?.metadata.finalizers;
  const own = { metadata: { name: 'n', finalizers: ['mine'] } };

  it('cd/A34 adds the finalizer unless resources are preserved', () => {
    expect(finalizersOf({})).toEqual(['resources-finalizer.argocd.argoproj.io']);
    expect(finalizersOf({ syncPolicy: { preserveResourcesOnDeletion: true } })).toBeUndefined();
    expect(finalizersOf({ template: own, syncPolicy: { preserveResourcesOnDeletion: true } })).toEqual(['mine']);
  });

  it('renders nothing for an empty set of parameters, and adds no finalizer', () => {
    const spec = { generators: [list({})], template: { metadata: { name: 'n-{{a}}' } } };
    expect(expand(spec)[0]?.metadata).toEqual({ name: 'n-{{a}}', namespace: 'argocd' });
    expect(expand({ ...spec, goTemplate: true })[0]?.metadata.name).toBe('n-{{a}}');
  });

  it('fills in what a generator has as a template of its own', () => {
    const generators = [{ list: { elements: [{ a: 'b' }], template: { metadata: { labels: { own: '{{a}}' } } } } }];
    const [application] = expand({ generators, template: { metadata: { name: 'n-{{a}}' } } });
    expect(application?.metadata).toMatchObject({ name: 'n-b', labels: { own: 'b' } });
  });

  it('fills in member names, and leaves numbers and booleans alone', () => {
    const template = { metadata: { name: 'n', labels: { '{{a}}': 'x' } }, spec: { revisionHistoryLimit: 3 } };
    const [application] = expand({ template });
    expect(application).toMatchObject({ metadata: { labels: { b: 'x' } }, spec: { revisionHistoryLimit: 3 } });
  });

  it('normalises the spec as Argo CD stores it', () => {
    const [application] = expand({
      template: { metadata: { name: 'n' }, spec: { source: { path: 'p', kustomize: {} }, syncPolicy: {} } },
    });
    expect(application?.spec).toEqual({ project: 'default', source: { path: 'p' } });
  });
});

describe('templatePatch', () => {
  const template = {
    metadata: { name: 'n', annotations: { one: '1' } },
    spec: { project: 'p', sources: [{ path: 'a' }] },
  };
  const patched = (templatePatch: string, goTemplate = false) => expand({ template, templatePatch, goTemplate })[0];

  it('cd/A36 merges maps, replaces lists, and cannot change the project', () => {
    const patch = [
      'metadata: {annotations: {two: "{{a}}"}}',
      'spec: {project: other, syncPolicy: {automated: {prune: true}}, sources: [{path: b}]}',
    ].join('\n');
    const application = patched(patch);
    expect(application?.metadata.annotations).toEqual({ one: '1', two: 'b' });
    expect(application?.spec).toEqual({
      project: 'p',
      syncPolicy: { automated: { prune: true } },
      sources: [{ path: 'b' }],
    });
  });

  it('merges finalizers and follows directives as a strategic merge does', () => {
    expect(patched('metadata: {finalizers: [mine]}')?.metadata.finalizers).toEqual([
      'resources-finalizer.argocd.argoproj.io',
      'mine',
    ]);
    expect(patched('metadata: {annotations: {$patch: delete}}')?.metadata.annotations).toEqual({});
  });

  it.each([
    ['a: [', 'error while converting template to json'],
    ['text', 'invalid templatePatch "text": it is no mapping'],
    ['spec: text', 'spec is no mapping'],
    ['metadata: {labels: {a: 1}}', 'metadata.labels.a is no text'],
    ['spec: {source: x}', 'spec.source is no mapping'],
  ])('refuses %s', (patch, message) => {
    expect(() => patched(patch)).toThrow(TemplateError);
    expect(() => patched(patch)).toThrow(message);
  });
});

describe('what is wrong, and where', () => {
  const go = { goTemplate: true, goTemplateOptions: ['missingkey=error'] };

  it.each<[Partial<ApplicationSetSpec>, string]>([
    [
      { ...go, template: { metadata: { name: 'x\n-{{.nope}}' } } },
      'template: 2:4: map has no entry for key "nope" (spec.template.metadata.name)',
    ],
    [
      { ...go, template: { metadata: { name: 'n' }, spec: { source: { path: '{{.a' } } } },
      '(spec.template.spec.source.path)',
    ],
    [{ ...go, templatePatch: '{{ range }}' }, '(spec.templatePatch)'],
    [{ template: { metadata: { name: '{{a}} {{b' } } }, '1:7: cannot find end tag="}}" (spec.template.metadata.name)'],
    [{ goTemplate: true, goTemplateOptions: ['x=y'] }, 'spec.goTemplateOptions: unrecognized option: x=y'],
    [{ ...go, template: { metadata: { name: '{{range until 90000}}{{repeat 900 "x"}}{{end}}' } } }, 'too much text'],
  ])('%j', (spec, message) => {
    expect(() => expand(spec)).toThrow(TemplateError);
    expect(() => expand(spec)).toThrow(message);
  });

  it('refuses what is not reproduced, by field', () => {
    expect(() => expand({ strategy: { type: 'Canary' } })).toThrow('spec.strategy.type: unknown strategy Canary');
    expect(() => expand({ wild: 1 })).toThrow(GeneratorError);
  });
});

describe('fasttemplate', () => {
  const fill = (text: string, params: Record<string, unknown> = { a: '1', 'p[0]': '2', n: 5 }) =>
    compileFasttemplate(text)(params);

  it.each([
    ['{{a}} {{ b }}', '1 {{ b }}'],
    ['{{ p[0] }}', '2'],
    ['{{n}}', '{{n}}'],
    ['{{}} {{ }}', '{{}} {{ }}'],
    ['{{ x {{a}} }}', '{{ x {{a}} }}'],
    ['{{\na}}', '{{\na}}'],
    ['no {{ tag', 'no {{ tag'],
    ['{{__proto__}}', '{{__proto__}}'],
  ])('%j → %j', (text, expected) => {
    expect(fill(text)).toBe(expected);
  });

  it('any text gives a text or a FasttemplateError', () => {
    const piece = fc.oneof(fc.constantFrom('{{', '}}', '{', '}', 'a', ' ', '\n', 'p[0]'), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          expect(typeof fill(pieces.join(''))).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(FasttemplateError);
        }
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 500) },
    );
  });
});
