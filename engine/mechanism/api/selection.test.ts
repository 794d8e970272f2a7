import { expect, it } from 'vitest';
import { findKind, type ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import { ApiError } from './errors.ts';
import { parseSelection } from './selection.ts';

const podKind = findKind('Pod') as ResourceKind;
const rolloutKind = findKind('Rollout.argoproj.io') as ResourceKind;

const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'p',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '',
    labels: { app: 'web', tier: 'front' },
  },
  spec: { nodeName: 'n1' },
  status: { phase: 'Running' },
};

it.each([
  ['app=web', true],
  ['app==web,tier=front', true],
  ['app!=web', false],
  ['gone!=web', true],
  ['app in (web, api)', true],
  ['app notin (web,api)', false],
  ['app in (api),tier', false],
  ['tier', true],
  ['!tier', false],
  ['!argo-rollouts.argoproj.io/controller-instance-id', true],
  ['', true],
])('kubernetes-api/9.5 label selector %s selects: %s', (labels, expected) => {
  expect(parseSelection(podKind, labels, '')(pod)).toBe(expected);
});

it.each([
  ['metadata.name=p', true],
  ['metadata.name!=p', false],
  ['status.phase=Running,spec.nodeName=n1', true],
  ['spec.nodeName=', false],
  ['status.podIP=', true],
])('kubernetes-api/9.5 field selector %s selects: %s', (fields, expected) => {
  expect(parseSelection(podKind, '', fields)(pod)).toBe(expected);
});

it('kubernetes-api/6 refuses selectors that do not parse or name other fields', () => {
  const message = (kind: ResourceKind, labels: string, fields: string) => {
    try {
      parseSelection(kind, labels, fields);
    } catch (error) {
      return error instanceof ApiError ? `${error.code} ${error.message}` : String(error);
    }
    return 'accepted';
  };
  expect(message(podKind, '', 'foo=1')).toBe('400 field label not supported: foo');
  expect(message(rolloutKind, '', 'foo=1')).toContain('"foo" is not a known field selector: only "metadata.name"');
  expect(message(podKind, 'a in b', '')).toContain('400 unable to parse requirement');
  expect(message(podKind, 'a=(b', '')).toContain('400 unable to parse requirement');
});
