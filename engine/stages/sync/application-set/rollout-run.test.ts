import { describe, expect, it } from 'vitest';
import { configMap, REPOSITORY, SyncWorld } from '../testing/simulated-world.ts';
import type { ApplicationSetStatus } from './types.ts';

const ENVIRONMENTS = ['development', 'staging', 'production'];

const files = (value: string) =>
  Object.fromEntries(ENVIRONMENTS.map((env) => [`envs/${env}/a.yaml`, manifest(env, value)]));

/** A ConfigMap, and a Deployment whose health the test decides. */
function manifest(env: string, value: string): string {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: `web:${value}` }] },
      },
    },
  };
  return `${configMap(`${env}-config`, value)}\n---\n${JSON.stringify(deployment)}\n`;
}

const step = (env: string, maxUpdate?: number) => ({
  matchExpressions: [{ key: 'env', operator: 'In', values: [env] }],
  ...(maxUpdate === undefined ? {} : { maxUpdate }),
});

const SET = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'ApplicationSet',
  metadata: { name: 'shops', namespace: 'argocd' },
  spec: {
    goTemplate: true,
    goTemplateOptions: ['missingkey=error'],
    generators: [{ git: { repoURL: REPOSITORY, revision: 'HEAD', directories: [{ path: 'envs/*' }] } }],
    strategy: {
      type: 'RollingSync',
      rollingSync: { steps: [step('development'), step('staging'), step('production', 0)] },
    },
    template: {
      metadata: { name: '{{.path.basename}}', labels: { env: '{{.path.basename}}' } },
      spec: {
        project: 'default',
        source: { repoURL: REPOSITORY, targetRevision: 'HEAD', path: '{{.path.path}}' },
        destination: { server: 'https://kubernetes.default.svc', namespace: '{{.path.basename}}' },
        syncPolicy: { automated: { prune: true, selfHeal: true } },
      },
    },
  },
};

class Rollout extends SyncWorld {
  constructor(set: typeof SET = SET) {
    super();
    for (const name of ENVIRONMENTS) this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    this.git.commit(REPOSITORY, files('1'));
    this.create(set);
  }

  get status(): ApplicationSetStatus {
    return this.get('ApplicationSet.argoproj.io', 'shops', 'argocd')?.status as ApplicationSetStatus;
  }

  /** `development Healthy, production Waiting, …` */
  progress(): string {
    return (this.status.applicationStatus ?? [])
      .map(({ application, status }) => `${application} ${status}`)
      .join(', ');
  }

  condition(type: string): string {
    const found = this.status.conditions?.find((condition) => condition.type === type);
    return `${found?.status}: ${found?.message}`;
  }

  deployed(env: string): string | undefined {
    return (this.get('ConfigMap', `${env}-config`, env) as { data?: { value?: string } } | undefined)?.data?.value;
  }

  healthy(env: string, status: 'Healthy' | 'Degraded' | 'Progressing' = 'Healthy'): void {
    this.setHealth('Deployment.apps', 'web', status, env);
  }

  /** A person syncs one Application. */
  sync(name: string): void {
    this.patch({ kind: 'Application.argoproj.io', namespace: 'argocd', name }, { operation: { sync: {} } });
  }
}

describe('RollingSync from development over staging to production', () => {
  it('goes step by step, and leaves production with maxUpdate 0 to a person', () => {
    const world = new Rollout();
    world.run(5000);
    expect(world.progress()).toBe('development Progressing, production Waiting, staging Waiting');
    expect(world.condition('RolloutProgressing')).toBe('True: ApplicationSet is performing rollout of step 1');
    expect(world.status.health?.status).toBe('Progressing');
    expect(
      world.application('development').operation ?? world.application('development').status?.operationState,
    ).toMatchObject({
      operation: {
        initiatedBy: { username: 'applicationset-controller', automated: true },
        info: [{ name: 'Reason', value: 'ApplicationSet RollingSync triggered a sync of this Application resource' }],
        sync: { prune: true },
        retry: { limit: 5 },
      },
    });
    expect(world.deployed('development')).toBe('1');
    expect(world.deployed('staging')).toBeUndefined();

    world.healthy('development');
    world.run(5000);
    expect(world.progress()).toBe('development Healthy, production Waiting, staging Progressing');
    expect(world.deployed('staging')).toBe('1');

    world.healthy('staging');
    world.run(60_000);
    expect(world.progress()).toBe('development Healthy, production Waiting, staging Healthy');
    expect(world.condition('RolloutProgressing')).toBe('True: ApplicationSet is performing rollout of step 3');
    expect(world.deployed('production')).toBeUndefined();

    world.sync('production');
    world.run(5000);
    expect(world.progress()).toBe('development Healthy, production Progressing, staging Healthy');
    world.healthy('production');
    world.run(5000);
    expect(world.progress()).toBe('development Healthy, production Healthy, staging Healthy');
    expect(world.condition('RolloutProgressing')).toBe('False: ApplicationSet Rollout has completed');
    expect(world.condition('InvalidRolloutConfig')).toBe('False: Rolling Sync Configured correctly');
    expect(world.status.health?.status).toBe('Healthy');
  });

  it('disables automated sync, so nothing moves out of turn', () => {
    const world = new Rollout();
    world.run(5000);
    for (const env of ENVIRONMENTS) {
      expect(world.application(env).spec.syncPolicy?.automated).toEqual({
        prune: true,
        selfHeal: true,
        enabled: false,
      });
    }
  });

  it('an Application that becomes Degraded in its turn holds the later steps until it recovers', () => {
    const world = new Rollout();
    world.run(5000);
    world.healthy('development', 'Degraded');
    world.run(600_000);
    expect(world.progress()).toBe('development Progressing, production Waiting, staging Waiting');
    expect(world.deployed('staging')).toBeUndefined();
    world.healthy('development');
    world.run(5000);
    expect(world.deployed('staging')).toBe('1');
  });

  it('a commit in the middle starts over with the first step', () => {
    const world = new Rollout();
    world.run(5000);
    world.healthy('development');
    world.run(5000);
    expect(world.deployed('staging')).toBe('1');
    world.healthy('development', 'Progressing');
    world.git.commit(REPOSITORY, files('2'));
    world.run(5000);
    expect(world.deployed('development')).toBe('2');
    expect(world.deployed('staging')).toBe('1');
    expect(world.progress()).toContain('staging Waiting');
    world.healthy('development');
    world.run(5000);
    expect(world.deployed('staging')).toBe('2');
  });

  it('an Application no step selects is never synced', () => {
    const [first] = SET.spec.strategy.rollingSync.steps;
    const strategy = {
      type: 'RollingSync',
      rollingSync: { steps: [first as (typeof SET)['spec']['strategy']['rollingSync']['steps'][0]] },
    };
    const world = new Rollout({ ...SET, spec: { ...SET.spec, strategy } });
    world.run(5000);
    world.healthy('development');
    world.run(60_000);
    expect(world.status.applicationStatus?.find(({ application }) => application === 'staging')).toMatchObject({
      step: '-1',
      status: 'Waiting',
    });
    expect(world.deployed('staging')).toBeUndefined();
    expect(world.condition('RolloutProgressing')).toBe('False: ApplicationSet Rollout has completed');
  });

  it('reverse deletion takes the last step first, one Application at a time', () => {
    const strategy = { ...SET.spec.strategy, deletionOrder: 'Reverse' };
    const world = new Rollout({ ...SET, spec: { ...SET.spec, strategy } });
    world.run(5000);
    expect(world.get('ApplicationSet.argoproj.io', 'shops', 'argocd')?.metadata.finalizers).toEqual([
      'resources-finalizer.argocd.argoproj.io',
    ]);
    const gone: string[] = [];
    world.engine.store.subscribe((change) => {
      if (change.type === 'DELETED' && change.object.kind === 'Application') gone.push(change.object.metadata.name);
    });
    world.engine.resources.delete({ kind: 'ApplicationSet.argoproj.io', namespace: 'argocd', name: 'shops' });
    world.run(60_000);
    expect(gone).toEqual(['production', 'staging', 'development']);
    expect(world.get('ApplicationSet.argoproj.io', 'shops', 'argocd')).toBeUndefined();
  });
});
