import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { approvalPatch } from '../../engine/host/approval/checks.ts';
import { Simulation } from '../../engine/host/simulated.ts';
import type { Application } from '../../engine/stages/sync/application/types.ts';
import type { Manifest } from '../../engine/vocabulary/kube/object.ts';
import { readTemplate } from '../actions/init.ts';
import { planTree } from './plan.ts';
import type { Component } from './prune.ts';

const TEMPLATE = readTemplate(dirname(dirname(import.meta.dirname)));
const INSTALL_MAX_MS = 10 * 60_000;
/** Only ends a test that hangs. */
const TIMEOUT_MS = 60_000;
const KEY = 'B5690EEEBB952194';
const KEYRING = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'argocd-gpg-keys-cm', namespace: 'argocd' },
  data: { [KEY]: 'a public key' },
} as Manifest;

/** Installs a tree on a Monday morning, and approves production once it waits. */
function install(components: readonly Component[]) {
  const files = planTree(TEMPLATE, {
    name: 'shop',
    repoURL: 'https://git.example.com/acme/shop.git',
    registry: 'registry.example.com/acme',
    host: '{env}.shop.example.com',
    components,
    environments: ['development', 'production'],
  });
  const simulation = new Simulation({
    seed: 1,
    start: '2026-01-05T09:00:00Z',
    files: Object.fromEntries(files),
    loads: [],
    images: {},
    objects: [KEYRING],
    signature: { keyId: KEY },
  });
  const { store } = simulation.engine;
  const states = () =>
    store.list('Application.argoproj.io').map(({ metadata, status }) => {
      return `${metadata?.name}: ${status?.sync?.status}, ${status?.health?.status}`;
    });
  const production = () => store.get('Application.argoproj.io', 'argocd', 'shop-production') as Application | undefined;
  simulation.run(() => production()?.status?.sync?.status === 'OutOfSync', INSTALL_MAX_MS);
  const waiting = production() as Application;
  const approval = approvalPatch(waiting, {
    sha: waiting.status?.sync?.revision ?? '',
    username: 'ada',
    reason: undefined,
  });
  simulation.engine.resources.patch(
    { kind: 'Application.argoproj.io', namespace: 'argocd', name: 'shop-production' },
    { type: 'merge', patch: approval },
  );
  simulation.run(() => states().every((state) => state.endsWith('Synced, Healthy')), INSTALL_MAX_MS);
  return { states: states(), rollouts: store.list('Rollout.argoproj.io').map(({ metadata }) => metadata?.name) };
}

describe('the engine installs the tree of another application', { timeout: TIMEOUT_MS }, () => {
  it.each<[string, readonly Component[], number]>([
    ['an API with a database', ['backend', 'database'], 2],
    ['a front end alone', ['frontend'], 2],
  ])('%s', (_, components, rollouts) => {
    const installed = install(components);
    expect(installed.states.sort()).toEqual(
      ['root', 'shop-development', 'shop-production'].map((name) => `${name}: Synced, Healthy`),
    );
    expect(installed.rollouts).toHaveLength(rollouts);
  });
});
