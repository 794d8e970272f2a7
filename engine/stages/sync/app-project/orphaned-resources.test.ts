import { expect, it } from 'vitest';
import { isOrphan, orphanWarning } from './orphaned-resources.ts';

const deployment = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' };
const core = (kind: string, name: string, namespace = 'shop') => ({ group: '', kind, namespace, name });

it.each([
  ['an unmanaged object', {}, deployment, true],
  ['a kind the project does not permit', { namespaceResourceWhitelist: [] }, deployment, false],
  ['a cluster-scoped object', {}, { ...deployment, namespace: '' }, false],
  ['the Service kubernetes', {}, core('Service', 'kubernetes', 'default'), false],
  ['a Service of that name elsewhere', {}, core('Service', 'kubernetes'), true],
  ['the ServiceAccount default', {}, core('ServiceAccount', 'default'), false],
  ['the root certificates', {}, core('ConfigMap', 'kube-root-ca.crt'), false],
  ['cd/C21 everything ignored', { ignore: [{ group: '*', kind: '*' }] }, deployment, false],
  ['an ignored kind of another group', { ignore: [{ kind: 'Deployment' }] }, deployment, true],
  ['an empty group, which is the core group', { ignore: [{ group: '', kind: '*' }] }, core('Secret', 'a'), false],
  ['an ignored name', { ignore: [{ group: 'apps', kind: 'Deploy*', name: 'w*' }] }, deployment, false],
  ['another name', { ignore: [{ group: 'apps', name: 'x*' }] }, deployment, true],
])('%s', (_what, given, resource, expected) => {
  const { ignore, ...lists } = given as { ignore?: object[] };
  expect(isOrphan({ ...lists, orphanedResources: { warn: true, ignore } }, resource)).toBe(expected);
});

it('cd/C21 warns with the count, and only when told to', () => {
  expect(orphanWarning({ orphanedResources: { warn: true } }, 2)).toBe('Application has 2 orphaned resources');
  expect(orphanWarning({ orphanedResources: { warn: true } }, 0)).toBeUndefined();
  expect(orphanWarning({ orphanedResources: {} }, 2), 'warn left out').toBeUndefined();
  expect(orphanWarning({}, 2)).toBeUndefined();
});
