import { describe, expect, it } from 'vitest';
import { memoryFileSystem } from '#lib/kustomize/file-system.ts';
import type { RenderSource } from '#machine/questions.ts';
import { formatFailure, SourceError } from '../commit/failures.ts';
import { kustomizeLibrary } from './kustomize.ts';
import { renderSource } from './render.ts';

const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
const render = (files: Record<string, string>, source: Partial<RenderSource> = {}) =>
  renderSource(memoryFileSystem(files), { path: 'd', ...source }, kustomizeLibrary);
const names = (files: Record<string, string>, source?: Partial<RenderSource>) =>
  render(files, source).manifests.map(({ metadata }) => metadata.name);

function failure(files: Record<string, string>, source?: Partial<RenderSource>): string {
  try {
    render(files, source);
  } catch (error) {
    if (error instanceof SourceError) return formatFailure(error.failure);
    throw error;
  }
  return 'rendered';
}

describe('directories', () => {
  it('takes files by name, documents in order, and takes lists apart', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${map('c').replaceAll('\n', '\n  ')}`;
    expect(names({ 'd/b.yml': list, 'd/a.yaml': `${map('a')}---\n---\n${map('b')}`, 'd/note.txt': 'x' })).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('says where each manifest stands', () => {
    const { origins } = render({ 'd/a.yaml': `${map('a')}---\n${map('b')}` });
    expect(origins).toEqual([
      { file: 'd/a.yaml', line: 1, column: 1 },
      { file: 'd/a.yaml', line: 6, column: 1 },
    ]);
  });

  it('descends only when told, and obeys include and exclude', () => {
    const files = {
      'd/a.yaml': map('a'),
      'd/x/b.yaml': map('b'),
      'd/x/c.json': JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'c' } }),
    };
    expect(names(files)).toEqual(['a']);
    expect(names(files, { directory: { recurse: true } })).toEqual(['a', 'b', 'c']);
    expect(names(files, { directory: { recurse: true, include: '{a,x/*}.yaml' } })).toEqual(['a', 'b']);
    expect(names(files, { directory: { recurse: true, exclude: 'x/*' } })).toEqual(['a']);
  });

  it('skips files that ask for it', () => {
    expect(names({ 'd/a.yaml': map('a'), 'd/b.yaml': `# +argocd:skip-file-rendering\n${map('b')}` })).toEqual(['a']);
  });

  it('reads scalars as Kubernetes does', () => {
    const text = `${map('a')}data:\n  mode: 0644\n  time: 22:22\n  day: 2026-01-02\n  on: yes\n`;
    expect(render({ 'd/a.yaml': text }).manifests[0]?.data).toEqual({
      mode: 420,
      time: '22:22',
      day: '2026-01-02',
      true: true,
    });
  });
});

describe('kustomize', () => {
  const files = { 'd/kustomization.yaml': 'resources: [a.yaml]\n', 'd/a.yaml': map('a') };

  it.each(['kustomization.yaml', 'kustomization.yml', 'Kustomization'])('is found by %s', (name) => {
    expect(render({ [`d/${name}`]: 'resources: [a.yaml]\n', 'd/a.yaml': map('a') }).sourceType).toBe('Kustomize');
  });

  it('gets the overrides of the Application', () => {
    expect(names(files, { kustomize: { namePrefix: 'x-' } })).toEqual(['x-a']);
  });

  it('is passed over when the source says directory', () => {
    expect(
      render({ 'd/kustomization.yaml': map('k'), 'd/a.yaml': map('a') }, { directory: { exclude: 'k*' } }).sourceType,
    ).toBe('Directory');
  });

  it('reports where a build fails', () => {
    expect(failure({ 'd/kustomization.yaml': 'resources:\n  - missing.yaml\n' })).toMatch(
      /^d\/kustomization\.yaml:2:5: /,
    );
  });
});

describe('refusals', () => {
  it.each([
    ['a path that is not there', { x: '' }, {}, /d: app path does not exist/],
    ['a path outside', { x: '' }, { path: 'a/../../b' }, /outside of the repository/],
    ['an absolute path', { x: '' }, { path: '/etc' }, /absolute/],
    ['Helm', { 'd/Chart.yaml': '' }, {}, /^d\/Chart\.yaml: Helm charts: not reproduced/],
    ['Jsonnet', { 'd/a.jsonnet': '{}' }, {}, /Jsonnet \(d\/a\.jsonnet\): not reproduced/],
    ['override files', { 'd/.argocd-source.yaml': '' }, {}, /\.argocd-source files: not reproduced/],
    [
      'two tools',
      { 'd/a.yaml': '' },
      { kustomize: { namePrefix: 'a' }, directory: { recurse: true } },
      /multiple application sources/,
    ],
    [
      'an unknown directory field',
      { 'd/a.yaml': '' },
      { directory: { recurse: true, wild: 1 } },
      /directory\.wild: not reproduced/,
    ],
    [
      'an unknown kustomize field',
      { 'd/kustomization.yaml': '' },
      { kustomize: { version: 'v1' } },
      /kustomize\.version: not reproduced/,
    ],
    ['broken YAML', { 'd/a.yaml': 'a: [1' }, {}, /^d\/a\.yaml:1:\d+: invalid YAML/],
    ['a duplicate key', { 'd/a.yaml': 'a: 1\na: 2\n' }, {}, /^d\/a\.yaml:2:1: invalid YAML: Map keys must be unique/],
    ['no kind', { 'd/a.yaml': '\napiVersion: v1\n' }, {}, /^d\/a\.yaml:2:1: manifest has no kind/],
    ['no name', { 'd/a.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {}' }, {}, /Pod manifest has no metadata\.name/],
    ['no mapping', { 'd/a.yaml': '- 1' }, {}, /a manifest must be a mapping/],
  ])('of %s', (_what, files, source, message) => {
    expect(failure(files as unknown as Record<string, string>, source)).toMatch(message);
  });
});
