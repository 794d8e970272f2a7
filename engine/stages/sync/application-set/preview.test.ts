import { expect, it } from 'vitest';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { previewChanges } from './preview.ts';
import { changesSpec, writerOf } from './reconcile.ts';
import type { ApplicationSet, ApplicationSetSpec } from './types.ts';

const setOf = (spec: Partial<ApplicationSetSpec> = {}) =>
  ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name: 'shops', namespace: 'argocd', uid: 'u' },
    spec,
  }) as unknown as ApplicationSet;

const desired = (name: string, image = 'a:1'): Manifest => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name, namespace: 'argocd' },
  spec: { project: 'default', source: { path: 'p', kustomize: { images: [image] } } },
});
const live = (name: string, owner = 'shops'): KubeObject =>
  ({
    ...desired(name),
    metadata: {
      ...desired(name).metadata,
      ownerReferences: [
        { apiVersion: 'argoproj.io/v1alpha1', kind: 'ApplicationSet', name: owner, uid: 'u', controller: true },
      ],
    },
  }) as unknown as KubeObject;

it('cd/B34 a changed image is a changed spec; cd/B35 an ignored one is none', () => {
  expect(changesSpec(writerOf(setOf(), true), desired('a', 'a:2'), live('a'))).toBe(true);
  expect(changesSpec(writerOf(setOf(), true), desired('a'), live('a'))).toBe(false);
  const ignoring = setOf({ ignoreApplicationDifferences: [{ jsonPointers: ['/spec/source/kustomize/images'] }] });
  expect(changesSpec(writerOf(ignoring, true), desired('a', 'a:2'), live('a'))).toBe(false);
});

it('tells what a set would do, as its policy has it', () => {
  const generated = [desired('new'), desired('same'), desired('other', 'a:2'), desired('taken')];
  const owned = [live('same'), live('other'), live('gone')];
  const others = [live('taken', 'thieves')];
  const all = previewChanges(setOf(), generated, owned, others);
  expect(all).toMatchObject({
    created: ['new'],
    updated: [{ name: 'other', patch: { spec: { source: { kustomize: { images: ['a:2'] } } } } }],
    deleted: ['gone'],
    protected: [],
    refused: [
      { name: 'taken', problem: 'Object argocd/taken is already owned by another ApplicationSet controller thieves' },
    ],
    unchanged: ['same'],
  });
  const careful = previewChanges(setOf({ syncPolicy: { applicationsSync: 'create-only' } }), generated, owned, others);
  expect(careful).toMatchObject({ created: ['new'], updated: [], deleted: [], protected: ['gone', 'other'] });
});
