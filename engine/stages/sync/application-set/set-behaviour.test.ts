import { describe, expect, it } from 'vitest';
import { configMap, REPOSITORY, SyncWorld } from '../testing/simulated-world.ts';
import type { ApplicationSetSpec, ApplicationSetStatus } from './types.ts';

const SPEC = {
  goTemplate: true,
  goTemplateOptions: ['missingkey=error'],
  generators: [{ git: { repoURL: REPOSITORY, directories: [{ path: 'envs/*' }] } }],
  template: {
    metadata: { name: '{{.path.basename}}' },
    spec: {
      project: 'default',
      source: { repoURL: REPOSITORY, targetRevision: 'HEAD', path: '{{.path.path}}' },
      destination: { name: 'in-cluster', namespace: 'shop' },
    },
  },
} satisfies ApplicationSetSpec;

class Sets extends SyncWorld {
  constructor(spec: Partial<ApplicationSetSpec> = {}) {
    super();
    this.git.commit(REPOSITORY, {
      'envs/dev/a.yaml': configMap('dev', '1'),
      'envs/prod/a.yaml': configMap('prod', '1'),
    });
    this.add('shops', spec);
    this.run();
  }

  add(name: string, spec: Partial<ApplicationSetSpec> = {}): void {
    this.create({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'ApplicationSet',
      metadata: { name, namespace: 'argocd' },
      spec: { ...SPEC, ...spec },
    });
  }

  change(spec: Record<string, unknown>): void {
    this.patch({ kind: 'ApplicationSet.argoproj.io', namespace: 'argocd', name: 'shops' }, { spec });
    this.run();
  }

  names(): string[] {
    const all = this.engine.store.list('Application.argoproj.io', 'argocd');
    return all.map(({ metadata }) => metadata.name).sort();
  }

  error(set = 'shops'): { status: string; reason: string; message: string } | undefined {
    const status = this.get('ApplicationSet.argoproj.io', set, 'argocd')?.status as ApplicationSetStatus | undefined;
    return status?.conditions?.find(({ type }) => type === 'ErrorOccurred');
  }

  versions(): string[] {
    return this.names().map((name) => this.application(name).metadata.resourceVersion ?? '');
  }
}

/** Breaks the set in one way; whatever runs stays as it is. */
const BREAKS: [name: string, spec: Record<string, unknown>, reason: string, message: string][] = [
  [
    'cd/A37 a parameter that is not there',
    { template: { metadata: { name: '{{.nope}}' } } },
    'RenderTemplateParamsError',
    'template: 1:3: map has no entry for key "nope" (spec.template.metadata.name)',
  ],
  [
    'a template that does not parse',
    { templatePatch: '{{ if }}' },
    'RenderTemplateParamsError',
    '(spec.templatePatch)',
  ],
  [
    'a templatePatch that is no Application',
    { templatePatch: 'spec: [' },
    'RenderTemplateParamsError',
    'error while converting template to json',
  ],
  [
    'a generator nobody knows',
    { generators: [{ wish: {} }] },
    'ApplicationGenerationFromParamsError',
    'spec.generators[0].wish: this generator is not reproduced',
  ],
  [
    'a template that never ends',
    { templatePatch: '{{define "x"}}{{template "x"}}{{end}}{{template "x"}}' },
    'RenderTemplateParamsError',
    'exceeded maximum template depth',
  ],
  [
    'a policy nobody knows',
    { syncPolicy: { applicationsSync: 'some' } },
    'ApplicationGenerationFromParamsError',
    'spec.syncPolicy.applicationsSync: unknown policy some',
  ],
  [
    'an ignored difference that cannot be read',
    { ignoreApplicationDifferences: [{ jsonPointers: ['nope'] }] },
    'UpdateApplicationError',
    'spec.ignoreApplicationDifferences[0].jsonPointers[0]: ',
  ],
];

describe('a set that becomes wrong touches nothing', () => {
  it.each(BREAKS)('%s', (_name, spec, reason, message) => {
    const world = new Sets();
    expect(world.names()).toEqual(['dev', 'prod']);
    const before = world.versions();
    world.change(spec);
    expect(world.error()).toMatchObject({ status: 'True', reason, message: expect.stringContaining(message) });
    expect(world.versions()).toEqual(before);
  });

  it('cd/A40 a repository that goes away deletes nothing, and is looked at again when it is back', () => {
    const world = new Sets();
    world.git.setOutage(REPOSITORY, 'connection refused');
    world.git.commit(REPOSITORY, { 'envs/qa/a.yaml': configMap('qa', '1') });
    world.run(600_000);
    expect(world.names()).toEqual(['dev', 'prod']);
    world.git.setOutage(REPOSITORY, undefined);
    world.run(600_000);
    expect(world.names()).toEqual(['dev', 'prod', 'qa']);
    expect(world.error()?.status).toBe('False');
  });
});

describe('cd/A38 applicationsSync', () => {
  const changed = (policy: string) => {
    const world = new Sets({ syncPolicy: { applicationsSync: policy } });
    world.git.commit(REPOSITORY, { 'envs/prod/a.yaml': null, 'envs/qa/a.yaml': configMap('qa', '1') });
    world.change({ template: { metadata: { labels: { new: 'yes' } } } });
    return { names: world.names(), labelled: world.application('dev').metadata.labels?.new };
  };

  it.each([
    ['create-only', ['dev', 'prod', 'qa'], undefined],
    ['create-update', ['dev', 'prod', 'qa'], 'yes'],
    ['create-delete', ['dev', 'qa'], undefined],
    ['sync', ['dev', 'qa'], 'yes'],
  ])('%s', (policy, names, labelled) => {
    expect(changed(policy)).toEqual({ names, labelled });
  });

  it('Applications that may not be deleted survive their set', () => {
    const world = new Sets({ syncPolicy: { applicationsSync: 'create-update' } });
    world.engine.resources.delete({ kind: 'ApplicationSet.argoproj.io', namespace: 'argocd', name: 'shops' });
    world.run();
    expect(world.names()).toEqual(['dev', 'prod']);
  });
});

describe('names', () => {
  it('cd/A39 the second Application of a name is left out, and none is deleted', () => {
    const world = new Sets();
    world.change({ template: { metadata: { name: 'dev' } } });
    expect(world.names()).toEqual(['dev']);
    expect(world.error()).toMatchObject({
      reason: 'ApplicationValidationError',
      message: 'ApplicationSet shops contains applications with duplicate name: dev',
    });
  });

  it('an Application of another set is not taken over', () => {
    const world = new Sets();
    world.add('thieves');
    world.run();
    expect(world.error('thieves')).toMatchObject({
      reason: 'UpdateApplicationError',
      message: 'Object argocd/dev is already owned by another ApplicationSet controller shops',
    });
    expect(world.error('shops')?.status).toBe('False');
  });

  it('a name or a label the API refuses is said on the set, and keeps no other Application from being written', () => {
    const world = new Sets();
    const name = '{{ if eq .path.basename "dev" }}dev{{ else }}Not_a_Name{{ end }}';
    world.change({ template: { metadata: { name } }, syncPolicy: { applicationsSync: 'create-update' } });
    expect(world.names()).toEqual(['dev', 'prod']);
    expect(world.error()).toMatchObject({ status: 'True', reason: 'UpdateApplicationError' });
    expect(world.error()?.message).toContain('Application.argoproj.io "Not_a_Name" is invalid: metadata.name: Invalid');
    world.change({ template: { metadata: { name: '{{.path.basename}}', labels: { tier: 'a b' } } } });
    expect(world.error()?.message).toContain(
      'Application.argoproj.io "dev" is invalid: metadata.labels: Invalid value',
    );
    world.change({ template: { metadata: { name: '{{.path.basename}}', labels: { tier: 'ab' } } } });
    expect(world.error()?.status).toBe('False');
  });

  it('a name that a template leaves empty, a project and a cluster that are not there', () => {
    const world = new Sets();
    world.change({ template: { metadata: { name: '{{ if eq .path.basename "dev" }}dev{{ end }}' } } });
    expect(world.error()?.message).toContain('contains an application with no name');
    world.change({ template: { metadata: { name: '{{.path.basename}}' }, spec: { destination: { name: 'mars' } } } });
    expect(world.error()?.message).toContain('application destination spec is invalid');
    expect(world.error()?.message).toContain('(and 1 more)');
    expect(world.names()).toEqual(['dev']);
  });
});

describe('what a set does not decide', () => {
  it('ignoreApplicationDifferences and preservedFields leave it as it is live', () => {
    const world = new Sets({
      ignoreApplicationDifferences: [{ jsonPointers: ['/spec/source/targetRevision'] }],
      preservedFields: { annotations: ['keep/me'] },
    });
    const target = { kind: 'Application.argoproj.io' as const, namespace: 'argocd', name: 'dev' };
    world.patch(target, {
      metadata: { annotations: { 'keep/me': 'yes', 'not/me': 'no' } },
      spec: { source: { targetRevision: 'v1', path: 'envs/other' } },
    });
    world.run();
    const { metadata, spec } = world.application('dev');
    expect(metadata.annotations).toEqual({ 'keep/me': 'yes' });
    expect(spec.source).toMatchObject({ targetRevision: 'v1', path: 'envs/dev' });
  });

  it('the annotation that asks for a refresh is answered by taking it away', () => {
    const world = new Sets();
    const target = { kind: 'ApplicationSet.argoproj.io' as const, namespace: 'argocd', name: 'shops' };
    world.patch(target, { metadata: { annotations: { 'argocd.argoproj.io/application-set-refresh': 'true' } } });
    world.run();
    expect(world.get(target.kind, 'shops', 'argocd')?.metadata.annotations ?? {}).toEqual({});
  });

  it('clusters registered by Secrets make Applications, and their going takes them away', () => {
    const world = new Sets();
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'west', namespace: 'argocd', labels: { 'argocd.argoproj.io/secret-type': 'cluster' } },
      data: { name: btoa('west'), server: btoa('https://west') },
    };
    world.change({
      generators: [{ clusters: {} }],
      template: {
        metadata: { name: 'on-{{.name}}' },
        spec: { source: { path: 'envs/dev' }, destination: { name: '{{.name}}' } },
      },
    });
    expect(world.names()).toEqual(['on-in-cluster']);
    world.create(secret);
    world.run();
    expect(world.names()).toEqual(['on-in-cluster', 'on-west']);
    world.engine.resources.delete({ kind: 'Secret', namespace: 'argocd', name: 'west' });
    world.run();
    expect(world.names()).toEqual(['on-in-cluster']);
  });
});
