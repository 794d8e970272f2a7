import { expect, it } from 'vitest';
import { DEFAULT_STORAGE_CLASS } from '../workloads/persistent-volume-claim/controller.ts';
import { CLUSTER_MANIFESTS } from './cluster-objects.ts';

it('has the storage class that claims without one are given', () => {
  const classes = CLUSTER_MANIFESTS.filter(({ kind }) => kind === 'StorageClass').map(({ metadata }) => metadata.name);
  expect(classes).toEqual([DEFAULT_STORAGE_CLASS]);
});
