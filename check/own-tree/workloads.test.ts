/** Rows 7, 8 and 10: accounts and hardening, waves, monitors and alerts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRuleFile, readRuleTestFile, runRuleTests } from '../../engine/mechanism/lib/promql/index.ts';
import {
  ENVIRONMENTS,
  type Environment,
  inEnvironment,
  type Loose,
  named,
  placedIn,
  ROOT,
  rooted,
} from './declared.ts';

const WORKLOADS = ['Rollout.argoproj.io', 'StatefulSet.apps', 'Job.batch'];
const workloads = (environment: Environment): Loose[] => WORKLOADS.flatMap((kind) => inEnvironment(environment, kind));

describe('row 7: accounts', () => {
  it.each(ENVIRONMENTS)('%s: an account for each workload, and no token in any pod', (environment) => {
    const accounts = workloads(environment).map(({ spec }) => spec.template.spec.serviceAccountName);
    expect(accounts.sort()).toEqual(['backend', 'frontend', 'migration', 'postgres', 'redis']);
    for (const { metadata, spec } of workloads(environment)) {
      expect(spec.template.spec.automountServiceAccountToken, metadata.name).toBe(false);
    }
    for (const account of inEnvironment(environment, 'ServiceAccount')) {
      expect(account.automountServiceAccountToken, account.metadata.name).toBe(false);
    }
  });

  it.each(ENVIRONMENTS)('%s: the roles name what they are about', (environment) => {
    const rules = (name: string) => named(environment, 'Role.rbac.authorization.k8s.io', name).rules;
    const of = (name: string) =>
      rules(name).map(({ resources, resourceNames = [], verbs }: Loose) => [
        resources.join(),
        resourceNames.map((one: string) => one.replace(/-[a-z0-9]{10}$/, '')).join(),
        verbs.join(),
      ]);
    expect(of('backend')).toEqual([
      ['secrets', 'backend-tokens,postgres-credentials', 'get'],
      ['services', '', 'get,list,watch'],
      ['endpointslices', '', 'get,list,watch'],
      ['pods', '', 'get,list'],
    ]);
    expect(of('frontend')).toEqual([
      ['services', '', 'get,list,watch'],
      ['endpointslices', '', 'get,list,watch'],
      ['configmaps', 'frontend-config', 'get'],
    ]);
    const configMaps = inEnvironment(environment, 'ConfigMap').map(({ metadata }) => metadata.name);
    expect(configMaps, 'the generated name is in the role').toContain(rules('frontend')[2].resourceNames[0]);
    for (const name of ['backend', 'frontend']) {
      const { roleRef, subjects } = named(environment, 'RoleBinding.rbac.authorization.k8s.io', name);
      expect([roleRef.kind, roleRef.name, subjects]).toEqual([
        'Role',
        name,
        [{ kind: 'ServiceAccount', name, namespace: `pern-app-${environment}` }],
      ]);
    }
  });

  it('metrics are read cluster-wide by Prometheus', () => {
    const { roleRef, subjects } = rooted('ClusterRoleBinding.rbac.authorization.k8s.io', 'pern-app-metrics-reader');
    expect(roleRef).toMatchObject({ kind: 'ClusterRole', name: 'pern-app-metrics-reader' });
    expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'prometheus-k8s', namespace: 'monitoring' }]);
  });
});

describe('row 7: hardening', () => {
  it.each(ENVIRONMENTS)('%s: every pod is what Pod Security calls restricted, and more', (environment) => {
    const { labels } = named(environment, 'Namespace', `pern-app-${environment}`).metadata;
    for (const mode of ['enforce', 'audit', 'warn'])
      expect(labels[`pod-security.kubernetes.io/${mode}`]).toBe('restricted');
    for (const { metadata, spec } of workloads(environment)) {
      const pod = spec.template.spec;
      expect(pod.securityContext, metadata.name).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of pod.containers) {
        expect(container.securityContext, metadata.name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        for (const kind of ['requests', 'limits']) {
          expect(Object.keys(container.resources[kind]).sort(), metadata.name).toEqual(['cpu', 'memory']);
        }
        if (metadata.name === 'migration') continue;
        for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
          expect(container[probe], metadata.name).toBeDefined();
      }
    }
  });
});

describe('row 8: waves', () => {
  it.each(ENVIRONMENTS)('%s: what everything is subject to, secrets, data, migration, what serves', (environment) => {
    const waveOf = ({ metadata }: Loose): string => metadata.annotations?.['argocd.argoproj.io/sync-wave'] ?? '0';
    const waves = Map.groupBy(placedIn(environment), ({ value }) => waveOf(value));
    const kinds = Object.fromEntries(
      [...waves].map(([wave, objects]) => [wave, [...new Set(objects.map(({ kind }) => kind))].sort()]),
    );
    expect(kinds['0']).toEqual([
      'ConfigMap',
      'LimitRange',
      'Namespace',
      'NetworkPolicy',
      'ResourceQuota',
      'Role',
      'RoleBinding',
      'ServiceAccount',
    ]);
    expect(kinds['1']).toEqual(['ExternalSecret', 'Password']);
    expect(kinds['2']).toEqual(['Service', 'StatefulSet']);
    expect(kinds['3']).toEqual(['Job']);
    expect(kinds['4']).toContain('Rollout');
    expect(Object.keys(kinds).sort(), 'nothing comes after a Rollout').toEqual(['0', '1', '2', '3', '4']);
  });
});

describe('row 10: monitoring', () => {
  it.each(ENVIRONMENTS)('%s: both components are scraped, with the hash that tells versions apart', (environment) => {
    const monitors = inEnvironment(environment, 'ServiceMonitor.monitoring.coreos.com');
    expect(monitors.map(({ metadata }) => metadata.name).sort()).toEqual(['backend', 'frontend']);
    for (const { spec } of monitors) expect(spec.podTargetLabels).toEqual(['rollouts-pod-template-hash']);
  });

  it.each(ENVIRONMENTS)('%s: alerts go to people, critical ones to whoever is on call too', (environment) => {
    const { route, receivers } = named(environment, 'AlertmanagerConfig.monitoring.coreos.com', 'pern-app').spec;
    expect(receivers.map(({ name }: Loose) => name)).toEqual(['people', 'on-call']);
    expect(route.routes).toEqual([
      { receiver: 'on-call', matchers: [{ name: 'severity', matchType: '=', value: 'critical' }], continue: true },
      { receiver: 'people' },
    ]);
  });

  it('alerts fire when they should and not otherwise (pern rules test)', () => {
    const folder = join(ROOT, 'pern-gitops', 'projects');
    const { tests, problems } = readRuleTestFile(
      'alerts.test.yaml',
      readFileSync(join(folder, 'alerts.test.yaml'), 'utf8'),
    );
    const rules = readRuleFile('alerts.yaml', readFileSync(join(folder, 'alerts.yaml'), 'utf8'));
    expect([...problems, ...rules.problems]).toEqual([]);
    expect(runRuleTests(tests, rules.groups).failures).toEqual([]);
    const { groups } = rooted('PrometheusRule.monitoring.coreos.com', 'pern-app').spec;
    const alerts: string[] = groups.flatMap((group: Loose) => group.rules.map(({ alert }: Loose) => alert));
    expect(alerts).toHaveLength(14);
    const tested = readFileSync(join(folder, 'alerts.test.yaml'), 'utf8');
    for (const alert of alerts)
      expect(tested, 'each alert is seen firing').toMatch(new RegExp(`alertname(: |=")${alert}\\b`));
  });
});
