import { describe, expect, it } from 'vitest';
import { canaryIngressName } from './references.ts';
import { createSurroundings, ingressManifest, podTemplate, ROUTED, rolloutManifest } from './testing/manifests.ts';
import { ANALYSIS, deployed, isNotBad, promote, reach, release, sizes, world } from './testing/scenario.ts';
import { NAMESPACE, SimulatedWorld } from './testing/simulated-world.ts';

const PREFIX = 'nginx.ingress.kubernetes.io';

describe('the canary Ingress', () => {
  it('rollouts/C52 is built from the stable one, with only the rules that use the stable service', () => {
    const at = deployed({ ...ROUTED, steps: [{ setWeight: 10 }, { pause: {} }] });
    release(at, '2');
    reach(at, 'Paused');
    const ingress = at.ingress('web-web-canary');
    expect(ingress?.metadata.annotations).toEqual({ [`${PREFIX}/canary`]: 'true', [`${PREFIX}/canary-weight`]: '10' });
    expect(ingress?.metadata.ownerReferences?.[0]?.kind).toBe('Rollout');
    expect(ingress?.spec.ingressClassName).toBe('nginx');
    expect(ingress?.spec.rules?.map(({ host }) => host)).toEqual(['web.localhost']);
    const services = ingress?.spec.rules?.[0]?.http?.paths.map(({ backend }) => backend.service?.name);
    expect(services).toEqual(['web-canary', 'other']);
  });

  it('rollouts/C53 and C54 annotations', () => {
    const nginx = {
      stableIngress: 'web',
      additionalIngressAnnotations: { 'canary-by-header': 'X-Foo' },
      canaryIngressAnnotations: { 'annotation-prefix.some.group/some-key': 'v' },
    };
    const at = deployed({ ...ROUTED, trafficRouting: { nginx, maxTrafficWeight: 1000 }, steps: [{ setWeight: 500 }] });
    expect(at.ingress('web-web-canary')?.metadata.annotations).toEqual({
      [`${PREFIX}/canary`]: 'true',
      [`${PREFIX}/canary-by-header`]: 'X-Foo',
      [`${PREFIX}/canary-weight`]: '0',
      [`${PREFIX}/canary-weight-total`]: '1000',
      'annotation-prefix.some.group/some-key': 'v',
    });
  });

  it('rollouts/C55 belonging to somebody else is an error, and foreign annotations stay', () => {
    const at = new SimulatedWorld();
    createSurroundings(at);
    at.create({ ...ingressManifest(), metadata: { name: 'web-web-canary', namespace: NAMESPACE } });
    at.create(rolloutManifest({ ...ROUTED, steps: [] }));
    at.run(60_000);
    const problems = at.steps.flatMap(({ plan }) => plan?.events ?? []).map(({ message }) => message);
    expect(problems).toContain('canary ingress `web-web-canary` controlled by different object');
    at.engine.resources.delete({ kind: 'Ingress.networking.k8s.io', namespace: NAMESPACE, name: 'web-web-canary' });
    at.run(60_000);
    expect(at.status.phase).toBe('Healthy');
    at.patch('Ingress.networking.k8s.io', 'web-web-canary', { metadata: { annotations: { mine: 'x' } } });
    release(at, '2');
    reach(at, 'Healthy');
    expect(at.ingress('web-web-canary')?.metadata.annotations?.mine).toBe('x');
  });

  it('has a name of at most 253 characters', () => {
    expect(canaryIngressName('r'.repeat(200), 'i'.repeat(100))).toHaveLength(253);
  });
});

describe('ReplicaSets', () => {
  it('rollouts/C18 a first ReplicaSet is created empty, then scaled', () => {
    const at = world({}, { replicas: 1 });
    reach(at, 'Healthy');
    const created = at.steps.flatMap(({ plan }) => plan?.effects ?? []).find(({ effect }) => effect === 'create');
    expect(created).toMatchObject({ object: { kind: 'ReplicaSet', spec: { replicas: 0 } } });
    expect(at.status.currentStepIndex).toBeUndefined();
  });

  it('rollouts/C30 revisionHistoryLimit deletes the oldest empty ones', () => {
    const at = deployed({}, { revisionHistoryLimit: 1 });
    for (const version of ['2', '3', '4']) {
      release(at, version);
      reach(at, 'Healthy');
      at.run(60_000);
    }
    expect(sizes(at)).toEqual({ rev3: 0, rev4: 4 });
  });

  it('adopts an orphan of its template, and releases one that its selector no longer matches', () => {
    const at = deployed({});
    const name = at.replicaSets[0]?.metadata.name as string;
    at.patch('ReplicaSet.apps', name, { metadata: { ownerReferences: [] } });
    at.run(1000);
    expect(at.replicaSets[0]?.metadata.ownerReferences?.[0]?.kind).toBe('Rollout');
    expect(at.replicaSets).toHaveLength(1);
  });

  it('counts a collision when the name is taken, and takes another hash', () => {
    const at = deployed({});
    const taken = at.replicaSets[0] as (typeof at.replicaSets)[number];
    const twin = new SimulatedWorld();
    createSurroundings(twin);
    twin.create({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: taken.metadata.name, namespace: NAMESPACE, labels: { app: 'foreign' } },
      spec: { replicas: 0, selector: { matchLabels: { app: 'foreign' } } },
    });
    twin.create(rolloutManifest({}));
    reach(twin, 'Healthy');
    expect(twin.status.collisionCount).toBe(1);
    expect(twin.status.currentPodHash).not.toBe(at.status.currentPodHash);
  });

  it('rollouts/C06 ephemeral metadata follows the roles', () => {
    const canaryMetadata = { labels: { role: 'canary' } };
    const stableMetadata = { labels: { role: 'stable' } };
    const at = deployed({ canaryMetadata, stableMetadata, steps: [{ setWeight: 50 }, { pause: {} }] }, { replicas: 2 });
    const roles = () =>
      Object.fromEntries(
        at.replicaSets.map(({ metadata, spec }) => [
          `rev${metadata.annotations?.['rollout.argoproj.io/revision']}`,
          spec.template?.metadata?.labels?.role,
        ]),
      );
    expect(roles()).toEqual({ rev1: 'stable' });
    release(at, '2');
    reach(at, 'Paused');
    expect(roles()).toEqual({ rev1: 'stable', rev2: 'canary' });
    promote(at);
    reach(at, 'Healthy');
    at.run(1000);
    expect(roles()).toEqual({ rev1: undefined, rev2: 'stable' });
  });
});

describe('services', () => {
  it('rollouts/C27 an unmanaged service is adopted only when every pod is available', () => {
    const at = new SimulatedWorld({ podDelayMaxMs: 60_000 });
    createSurroundings(at);
    at.create(rolloutManifest(ROUTED));
    const selector = () => at.service('web-stable')?.spec.selector?.['rollouts-pod-template-hash'];
    at.runUntil(() => selector() !== undefined);
    expect(at.replicaSets[0]?.status?.availableReplicas).toBe(4);
    expect(at.service('web-stable')?.metadata.annotations).toEqual({
      'argo-rollouts.argoproj.io/managed-by-rollouts': 'web',
    });
  });
});

describe('services of the past', () => {
  it('rollouts/C48 are given back when the rollout no longer names them, or is gone', () => {
    const at = deployed(ROUTED);
    const selector = (name: string) => at.service(name)?.spec.selector;
    expect(selector('web-canary')?.['rollouts-pod-template-hash']).toBe(at.status.stableRS);
    at.patchRollout({
      spec: { strategy: { canary: { canaryService: null, stableService: null, trafficRouting: null } } },
    });
    at.run(60_000);
    expect(selector('web-canary')).toEqual({ app: 'web' });
    expect(at.service('web-canary')?.metadata.annotations ?? {}).toEqual({});
  });
});

describe('progressDeadlineAbort', () => {
  it('aborts an update that does not move, and the traffic returns', () => {
    const at = deployed(
      { ...ROUTED, steps: [{ setWeight: 50 }, { pause: {} }] },
      { progressDeadlineSeconds: 60, progressDeadlineAbort: true },
      { podsWork: isNotBad },
    );
    release(at, 'bad');
    reach(at, 'Degraded');
    expect(at.status.abort).toBe(true);
    expect(at.status.message).toBe(
      `RolloutAborted: Rollout aborted update to revision 2: ReplicaSet "web-${at.status.currentPodHash}" has timed out progressing.`,
    );
    at.run(60_000);
    expect([at.canaryWeight, at.pods]).toEqual([0, '0/4']);
  });
});

describe('analysis runs', () => {
  it('carry labels, annotations and arguments of the rollout, and are kept up to the limits', () => {
    const at = deployed(
      { ...ROUTED, steps: [{ setWeight: 50 }, { analysis: ANALYSIS }] },
      { analysis: { successfulRunHistoryLimit: 2 } },
    );
    for (const version of ['2', '3', '4']) {
      release(at, version);
      reach(at, 'Healthy');
      at.run(60_000);
    }
    expect(at.runs).toHaveLength(2);
    const run = at.runs.find(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] === at.status.stableRS);
    expect(run?.metadata.name).toBe(`web-${at.status.stableRS}-4-1`);
    expect(run?.metadata.labels).toEqual({
      app: 'web',
      'rollout-type': 'Step',
      'rollouts-pod-template-hash': at.status.stableRS,
      'step-index': '1',
    });
    expect(run?.spec.args).toEqual([{ name: 'canary-hash', value: at.status.stableRS }]);
  });

  it('rollouts/A26 a retry makes a new run under the next name', () => {
    let good = false;
    const at = deployed(
      { ...ROUTED, steps: [{ setWeight: 50 }, { analysis: ANALYSIS }] },
      {},
      { query: () => [good ? 1 : 0] },
    );
    at.patchRollout({ spec: { template: podTemplate('2') } });
    reach(at, 'Degraded');
    good = true;
    at.patchStatus({ abort: false });
    reach(at, 'Healthy');
    expect(at.runs.map(({ metadata, status }) => [metadata.name.replace(/^web-\w+-/, ''), status?.phase])).toEqual([
      ['2-1', 'Failed'],
      ['2-1.1', 'Successful'],
    ]);
  });
});
