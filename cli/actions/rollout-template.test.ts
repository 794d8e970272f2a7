import { describe, expect, it } from 'vitest';
import type { ReplicaSet, Rollout } from '../view/rollout-model.ts';
import { imagePatch, templateOfRevision } from './rollout-template.ts';

const rollout = { metadata: { name: 'web', namespace: 'n', uid: 'ro' } } as unknown as Rollout;

function set(revision: string, owner = 'ro'): ReplicaSet {
  const labels = { app: 'web', 'rollouts-pod-template-hash': revision };
  return {
    metadata: {
      name: `web-${revision}`,
      annotations: { 'rollout.argoproj.io/revision': revision },
      ownerReferences: [{ uid: owner, controller: true }],
    },
    spec: { template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: `web:${revision}` }] } } },
  } as unknown as ReplicaSet;
}

const imageOf = (template: unknown) => JSON.stringify(template).match(/web:\d+/)?.[0];

describe('undo (rollouts/K04)', () => {
  const sets = [set('3'), set('1'), set('2'), set('9', 'other')];

  it('0 is the revision before the newest, and a number is that one, without the hash label', () => {
    expect(imageOf(templateOfRevision(rollout, sets, 0))).toBe('web:2');
    expect(imageOf(templateOfRevision(rollout, sets, 1))).toBe('web:1');
    expect(templateOfRevision(rollout, sets, 1).metadata?.labels).toEqual({ app: 'web' });
  });

  it('what the history does not have is an error', () => {
    expect(() => templateOfRevision(rollout, sets, 7)).toThrow('unable to find specified revision 7 in history');
    expect(() => templateOfRevision(rollout, [set('1')], 0)).toThrow('no revision found for rollout "web"');
  });
});

describe('set image (rollouts/K07)', () => {
  const template = {
    spec: {
      initContainers: [{ name: 'init', image: 'i:1' }],
      containers: [{ name: 'web', image: 'w:1' }, { name: 'log' }],
    },
  };

  it('names one container, and fails when the list has changed in between', () => {
    expect(imagePatch(template, 'log', 'l:2')).toEqual([
      { op: 'test', path: '/spec/template/spec/containers/1/name', value: 'log' },
      { op: 'add', path: '/spec/template/spec/containers/1/image', value: 'l:2' },
    ]);
  });

  it('* is every container, init containers too', () => {
    const paths = imagePatch(template, '*', 'x:1')
      .filter(({ op }) => op === 'add')
      .map(({ path }) => path);
    expect(paths).toEqual([
      '/spec/template/spec/initContainers/0/image',
      '/spec/template/spec/containers/0/image',
      '/spec/template/spec/containers/1/image',
    ]);
  });

  it('an unknown container is an error', () => {
    expect(() => imagePatch(template, 'db', 'x:1')).toThrow('unable to find container named "db"');
  });
});
