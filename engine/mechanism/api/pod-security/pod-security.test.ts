import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube/object.ts';
import { kubeObject, resourcesWith } from '../testing.ts';
import { podSecurityAdmission, podSecurityWarnings } from './admission.ts';
import { podSecurityViolations, violationsText } from './evaluate.ts';
import { readPodSecurityPolicy } from './policy.ts';

interface UpstreamCase {
  name: string;
  annotations?: Record<string, string>;
  spec: unknown;
  /** What k8s.io/pod-security-admission v0.34.1 says, by level and version; empty when it allows the pod. */
  says: Record<string, string>;
}

const CASES = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata', 'upstream.json'), 'utf8'),
) as UpstreamCase[];

describe('says of a pod what upstream says', () => {
  for (const { name, annotations, spec, says } of CASES) {
    it.each(Object.entries(says))(`${name}: %s`, (level, expected) => {
      const [enforce, version] = level.split(':') as [string, string];
      const { policy } = readPodSecurityPolicy({
        'pod-security.kubernetes.io/enforce': enforce,
        'pod-security.kubernetes.io/enforce-version': version,
      });
      expect(violationsText(podSecurityViolations(policy.enforce, { annotations }, spec))).toBe(expected);
    });
  }
});

describe('labels of a namespace', () => {
  it('warn follows a stricter enforce level, with its version', () => {
    const { policy } = readPodSecurityPolicy({
      'pod-security.kubernetes.io/enforce': 'baseline',
      'pod-security.kubernetes.io/enforce-version': 'v1.30',
    });
    expect(policy).toEqual({
      enforce: { level: 'baseline', minor: 30 },
      warn: { level: 'baseline', minor: 30 },
      audit: { level: 'privileged', minor: Number.POSITIVE_INFINITY },
    });
  });

  it('a level that cannot be read enforces restricted, and warns of nothing', () => {
    const { policy, problems } = readPodSecurityPolicy({
      'pod-security.kubernetes.io/enforce': 'strict',
      'pod-security.kubernetes.io/warn': 'strict',
    });
    expect([policy.enforce.level, policy.warn.level]).toEqual(['restricted', 'privileged']);
    expect(problems).toHaveLength(2);
  });
});

const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' };
const BARE = kubeObject('v1', 'Pod', 'web', { containers: [{ name: 'web', image: 'i' }] });

describe('admission', () => {
  it('refuses a pod in kube-apiserver’s words', () => {
    const { resources } = resourcesWith(podSecurityAdmission, RESTRICTED);
    expect(() => resources.create(BARE)).toThrow(
      'pods "web" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
    expect(resources.store.list('Pod')).toEqual([]);
  });

  it('takes the pod where no level is asked for, and leaves it alone when one is asked for later', () => {
    const { resources } = resourcesWith(podSecurityAdmission, {});
    resources.create(BARE);
    const home = { kind: 'Namespace', namespace: undefined, name: 'shop' };
    resources.patch(home, { type: 'merge', patch: { metadata: { labels: RESTRICTED } } });
    const pod = { kind: 'Pod', namespace: 'shop', name: 'web' };
    const labelled = resources.patch(pod, { type: 'merge', patch: { metadata: { labels: { a: 'b' } } } });
    expect(labelled.metadata.labels).toEqual({ a: 'b' });
    const image = { spec: { containers: [{ name: 'web', image: 'other' }] } };
    expect(() => resources.patch(pod, { type: 'merge', patch: image })).toThrow('violates PodSecurity');
  });

  it('refuses a namespace whose label names no level', () => {
    const { resources } = resourcesWith(podSecurityAdmission, {});
    const labels = { 'pod-security.kubernetes.io/enforce': 'strict' };
    expect(() =>
      resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other', labels } }),
    ).toThrow(
      'Namespace "other" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted',
    );
  });
});

describe('warnings', () => {
  const template = { spec: { containers: [{ name: 'web', image: 'i', securityContext: { privileged: true } }] } };
  const deployment = kubeObject('apps/v1', 'Deployment', 'web', { template }) as unknown as KubeObject;

  it('tell of a workload whose pods will be refused', () => {
    const { resources } = resourcesWith(podSecurityAdmission, { 'pod-security.kubernetes.io/enforce': 'baseline' });
    expect(podSecurityWarnings(deployment, undefined, resources.store)).toEqual([
      'would violate PodSecurity "baseline:latest": privileged (container "web" must not set securityContext.privileged=true)',
    ]);
  });

  it('tell of pods that violate the new level of their namespace', () => {
    const { resources } = resourcesWith(podSecurityAdmission, {});
    for (const name of ['a', 'b', 'c']) resources.create({ ...BARE, metadata: { ...BARE.metadata, name } });
    const before = resources.store.get('Namespace', undefined, 'shop') as unknown as KubeObject;
    const after = { ...before, metadata: { ...before.metadata, labels: RESTRICTED } };
    expect(podSecurityWarnings(after, before, resources.store)).toEqual([
      'existing pods in namespace "shop" violate the new PodSecurity enforce level "restricted:latest"',
      'a (and 2 other pods): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile',
    ]);
  });
});
