import { beforeEach, describe, expect, it } from 'vitest';
import type { StepRecord } from '#control/control-loop.ts';
import { type Controller, onRoot } from '#control/controller.ts';
import { Draft } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Machine } from '#edges/ports.ts';
import type { Condition } from '#kube/conditions.ts';
import { findCondition } from '#kube/conditions.ts';
import { assessHealth } from '#kube/health/health.ts';
import { type KindMap, refOf } from '#kube/kinds.ts';
import { isDeleting, type KubeObject, type Manifest, splitKey } from '#kube/object.ts';
import type { Answer, Question } from '#machine/questions.ts';
import { volatileJournal } from '#store/journal.ts';
import { VirtualTime } from '../edges/sim/virtual-time.ts';
import { Engine } from '../host/engine.ts';
import { workloadControllers } from './controllers.ts';
import { generatePassword } from './external-secret/password.ts';

const START_MS = Date.parse('2026-01-05T09:00:00Z');
const READY_AFTER_MS = 2000;
const STOP_AFTER_MS = 3000;

/** A model of the kubelet: pods are ready after 2 s (never with label `broken`), end after 5 s with label `ends`, stop in 3 s. */
const modelKubelet: Controller<{ pod: KindMap['Pod'] }> = {
  name: 'model-kubelet',
  root: 'Pod',
  triggers: [onRoot('Pod')],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const pod = objects.get('Pod', namespace, name);
    return pod?.spec.nodeName === undefined ? undefined : { pod };
  },
  plan: ({ pod }, nowMs) => {
    const draft = new Draft();
    const createdMs = parseTime(pod.metadata.creationTimestamp) ?? nowMs;
    if (isDeleting(pod)) {
      const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
      const stoppedMs = (parseTime(pod.metadata.deletionTimestamp) ?? nowMs) - graceMs + STOP_AFTER_MS;
      if (nowMs < stoppedMs) return draft.wakeAt(stoppedMs).finish();
      return draft.add({ effect: 'delete', target: refOf(pod), gracePeriodSeconds: 0 }).finish();
    }
    const { ends, broken } = pod.metadata.labels ?? {};
    const isEnded = ends !== undefined && nowMs >= createdMs + 5000;
    const isReady = !isEnded && broken === undefined && nowMs >= createdMs + READY_AFTER_MS;
    if (!isEnded && !isReady) draft.wakeAt(createdMs + READY_AFTER_MS > nowMs ? createdMs + READY_AFTER_MS : undefined);
    if (!isEnded && ends !== undefined) draft.wakeAt(createdMs + 5000);
    const ready = {
      type: 'Ready',
      status: isReady ? 'True' : 'False',
      lastTransitionTime: formatTime(isReady ? createdMs + READY_AFTER_MS : createdMs),
    };
    const others = ((pod.status?.conditions ?? []) as Condition[]).filter(({ type }) => type !== 'Ready');
    return draft.finish({
      phase: isEnded ? (ends as string) : 'Running',
      podIP: `127.1.0.${(createdMs / 1000 + pod.metadata.name.length) % 250}`,
      conditions: [...others, ready],
    });
  },
};

function modelMachine(): Machine {
  const nothing = () => {};
  const entropy = seededEntropy(7);
  const answer = (question: Question, respond: (answer: Answer) => void) => {
    if (question.ask === 'password') {
      respond({ ok: true, value: { password: generatePassword(entropy, question.request) } });
    }
    return nothing;
  };
  return {
    node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer },
    traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
    metrics: { setScrapes: nothing, answer },
    source: { answer },
  } as Machine;
}

let time: VirtualTime;
let engine: Engine;
let steps: StepRecord[];

beforeEach(() => {
  time = new VirtualTime(START_MS);
  steps = [];
  engine = new Engine({
    scheduler: time,
    ids: entropyIds(seededEntropy(1)),
    entropy: seededEntropy(2),
    journal: volatileJournal,
    admission: { admit: (object) => object },
    machine: modelMachine(),
    controllers: [...workloadControllers, modelKubelet as Controller<never>],
    onStep: (record) => steps.push(record),
  } as ConstructorParameters<typeof Engine>[0]);
  engine.resources.create({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop' },
    spec: { finalizers: ['kubernetes'] },
  });
  engine.start();
});

/** Lets time pass. Every test ends by showing that nothing failed and that the world has settled. */
function run(forMs: number): void {
  expect(time.runUntil(() => false, { untilMs: time.now() + forMs, stepsMax: 20_000 })).not.toBe('steps');
  expect(steps.filter(({ error }) => error !== undefined).map(({ error }) => String(error))).toEqual([]);
}

const create = (manifest: Manifest) => engine.resources.create(manifest);
const pods = () => engine.store.list('Pod', 'shop');
const podNames = () => pods().map(({ metadata }) => metadata.name);
const events = (reason: string) => engine.store.list('Event', 'shop').filter((event) => event.reason === reason);
const shop = (kind: string, name: string) => ({ kind, namespace: 'shop', name });

function template(labels: Record<string, string>, image = 'web:1') {
  return {
    metadata: { labels },
    spec: { containers: [{ name: 'c', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
  };
}

function workload(kind: string, spec: Record<string, unknown>, name = 'web'): Manifest {
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: 'shop' },
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  };
}

function patchSpec(kind: string, spec: Record<string, unknown>, name = 'web'): void {
  engine.resources.patch(shop(kind, name), { type: 'merge', patch: { spec } });
}

describe('replicaset', () => {
  const get = () => engine.store.get('ReplicaSet.apps', 'shop', 'web');

  it('makes pods, counts them available after minReadySeconds, and replaces deleted ones', () => {
    create(workload('ReplicaSet', { replicas: 2, minReadySeconds: 10, template: template({ app: 'web' }) }));
    run(5000);
    expect(get()?.status).toMatchObject({ replicas: 2, readyReplicas: 2 });
    expect(get()?.status?.availableReplicas).toBeUndefined();
    run(10_000);
    expect(get()?.status).toMatchObject({ replicas: 2, readyReplicas: 2, availableReplicas: 2 });
    const [first] = podNames();
    engine.resources.delete(shop('Pod', first as string));
    run(20_000);
    expect(podNames()).toHaveLength(2);
    expect(podNames()).not.toContain(first);
    expect(assessHealth(get() as unknown as KubeObject)?.status).toBe('Healthy');
  });
});

describe('deployment', () => {
  const get = () => engine.store.get('Deployment.apps', 'shop', 'web') as KindMap['Deployment.apps'];
  const condition = (type: string) => findCondition(get().status?.conditions, type);

  it('rolls to a new template without going below minimum availability, then reports completion', () => {
    create(workload('Deployment', { replicas: 4, template: template({ app: 'web' }) }));
    run(10_000);
    expect(condition('Progressing')?.reason).toBe('NewReplicaSetAvailable');
    patchSpec('Deployment.apps', { template: template({ app: 'web' }, 'web:2') });
    let least = 4;
    let most = 0;
    const end = engine.store.subscribe(() => {
      const active = pods().filter((pod) => !isDeleting(pod));
      least = Math.min(
        least,
        active.filter((pod) => findCondition(pod.status?.conditions, 'Ready')?.status === 'True').length,
      );
      most = Math.max(most, active.length);
    });
    run(60_000);
    end();
    expect({ least, most }).toEqual({ least: 3, most: 5 });
    expect(get().status).toMatchObject({ replicas: 4, updatedReplicas: 4, availableReplicas: 4 });
    expect(get().metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    expect(pods().every((pod) => pod.spec.containers[0]?.image === 'web:2')).toBe(true);
    expect(assessHealth(get() as unknown as KubeObject)?.status).toBe('Healthy');
  });

  it('gives up at the progress deadline, and goes back to the old ReplicaSet with a new revision', () => {
    create(workload('Deployment', { replicas: 2, progressDeadlineSeconds: 30, template: template({ app: 'web' }) }));
    run(10_000);
    patchSpec('Deployment.apps', { template: template({ app: 'web', broken: 'yes' }) });
    run(40_000);
    expect(condition('Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(assessHealth(get() as unknown as KubeObject)?.status).toBe('Degraded');
    engine.resources.patch(shop('Deployment.apps', 'web'), {
      type: 'json',
      operations: [{ op: 'replace', path: '/spec/template', value: template({ app: 'web' }) }],
    });
    run(30_000);
    expect(condition('Progressing')?.reason).toBe('NewReplicaSetAvailable');
    const history = engine.store
      .list('ReplicaSet.apps', 'shop')
      .map((set) => set.metadata.annotations?.['deployment.kubernetes.io/revision']);
    expect(history.sort()).toEqual(['2', '3']);
  });

  it('Recreate starts no new pod before the last old one is gone', () => {
    create(workload('Deployment', { replicas: 2, strategy: { type: 'Recreate' }, template: template({ app: 'web' }) }));
    run(10_000);
    patchSpec('Deployment.apps', { template: template({ app: 'web' }, 'web:2') });
    const images = new Set<string>();
    const end = engine.store.subscribe(() =>
      images.add([...new Set(pods().map((pod) => pod.spec.containers[0]?.image))].join('+')),
    );
    run(30_000);
    end();
    expect([...images]).not.toContain('web:1+web:2');
    expect(get().status).toMatchObject({ replicas: 2, updatedReplicas: 2, availableReplicas: 2 });
  });

  it('does nothing but scale while paused', () => {
    create(workload('Deployment', { replicas: 2, paused: true, template: template({ app: 'web' }) }));
    run(5000);
    expect(pods()).toHaveLength(0);
    expect(assessHealth(get() as unknown as KubeObject)?.status).toBe('Suspended');
    patchSpec('Deployment.apps', { paused: false });
    run(10_000);
    patchSpec('Deployment.apps', { paused: true });
    run(1000);
    patchSpec('Deployment.apps', { replicas: 3, template: template({ app: 'web' }, 'web:2') });
    run(10_000);
    expect(pods().map((pod) => pod.spec.containers[0]?.image)).toEqual(['web:1', 'web:1', 'web:1']);
  });

  it('keeps revisionHistoryLimit old ReplicaSets', () => {
    create(workload('Deployment', { replicas: 1, revisionHistoryLimit: 1, template: template({ app: 'web' }) }));
    for (const image of ['web:2', 'web:3', 'web:4']) {
      run(15_000);
      patchSpec('Deployment.apps', { template: template({ app: 'web' }, image) });
    }
    run(20_000);
    expect(engine.store.list('ReplicaSet.apps', 'shop')).toHaveLength(2);
  });
});

describe('statefulset', () => {
  const get = () => engine.store.get('StatefulSet.apps', 'shop', 'web') as KindMap['StatefulSet.apps'];
  const claims = [
    {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  ];

  it('makes pods in order with their claims, updates from the last, and leaves claims when scaled down', () => {
    create(
      workload('StatefulSet', {
        replicas: 3,
        serviceName: 'web',
        template: template({ app: 'web' }),
        volumeClaimTemplates: claims,
      }),
    );
    run(1000);
    expect(podNames()).toEqual(['web-0']);
    run(10_000);
    expect(podNames()).toEqual(['web-0', 'web-1', 'web-2']);
    expect(pods()[1]?.spec).toMatchObject({
      hostname: 'web-1',
      subdomain: 'web',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } }],
    });
    const first = get().status?.currentRevision;
    patchSpec('StatefulSet.apps', {
      template: template({ app: 'web' }, 'web:2'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
    });
    run(30_000);
    expect(pods().map((pod) => pod.spec.containers[0]?.image)).toEqual(['web:1', 'web:2', 'web:2']);
    expect(get().status).toMatchObject({ currentRevision: first, updatedReplicas: 2 });
    patchSpec('StatefulSet.apps', { updateStrategy: { rollingUpdate: { partition: 0 } } });
    run(30_000);
    expect(get().status).toMatchObject({
      readyReplicas: 3,
      updatedReplicas: 3,
      currentRevision: get().status?.updateRevision,
    });
    patchSpec('StatefulSet.apps', { replicas: 1 });
    run(30_000);
    expect(podNames()).toEqual(['web-0']);
    const bound = engine.store.list('PersistentVolumeClaim', 'shop');
    expect(bound.map(({ metadata, status }) => `${metadata.name} ${status?.phase}`)).toEqual([
      'data-web-0 Bound',
      'data-web-1 Bound',
      'data-web-2 Bound',
    ]);
  });

  it('Parallel makes all pods at once', () => {
    create(
      workload('StatefulSet', { replicas: 3, podManagementPolicy: 'Parallel', template: template({ app: 'web' }) }),
    );
    run(1000);
    expect(podNames()).toEqual(['web-0', 'web-1', 'web-2']);
  });

  it('refuses loudly to make an old pod whose template it no longer has', () => {
    create(workload('StatefulSet', { replicas: 1, template: template({ app: 'web' }) }));
    run(5000);
    patchSpec('StatefulSet.apps', {
      template: template({ app: 'web' }, 'web:2'),
      updateStrategy: { rollingUpdate: { partition: 1 } },
    });
    run(5000);
    engine.resources.delete(shop('Pod', 'web-0'));
    run(10_000);
    expect(podNames()).toEqual([]);
    expect(events('FailedCreate')[0]?.message).toContain('spec.updateStrategy.rollingUpdate.partition 1');
  });
});

describe('job', () => {
  const get = () => engine.store.get('Job.batch', 'shop', 'web') as KindMap['Job.batch'];
  const conditionTypes = () => (get().status?.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);
  const job = (outcome: string, spec: Record<string, unknown>) =>
    create(workload('Job', { selector: undefined, template: template({ ends: outcome }), ...spec }));

  it('completes, counting each pod once, and is removed after its ttl', () => {
    job('Succeeded', { completions: 3, parallelism: 2, ttlSecondsAfterFinished: 60 });
    run(20_000);
    expect(get().status).toMatchObject({ succeeded: 3, uncountedTerminatedPods: {} });
    expect(conditionTypes()).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
    expect(get().status?.completionTime).toBe(findCondition(get().status?.conditions, 'Complete')?.lastTransitionTime);
    expect(assessHealth(get() as unknown as KubeObject)?.status).toBe('Healthy');
    expect(pods().flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([]);
    run(90_000);
    expect(get()).toBeUndefined();
    expect(pods()).toEqual([]);
  });

  it('backs off 10 s, 20 s and fails past backoffLimit', () => {
    job('Failed', { backoffLimit: 2, completions: 1, parallelism: 1 });
    run(100_000);
    const made = pods()
      .map(({ metadata }) => (parseTime(metadata.creationTimestamp) as number) - START_MS)
      .sort((a, b) => a - b);
    expect(made.map((ms) => ms / 1000)).toEqual([0, 10, 30]);
    expect(conditionTypes()).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
    expect(get().status).toMatchObject({ failed: 3 });
    expect(assessHealth(get() as unknown as KubeObject)?.status).toBe('Degraded');
  });

  it('ends at activeDeadlineSeconds, Failed only when its pods are gone', () => {
    create(workload('Job', { selector: undefined, template: template({ app: 'web' }), activeDeadlineSeconds: 10 }));
    run(11_000);
    expect(conditionTypes()).toEqual(['FailureTarget DeadlineExceeded']);
    run(5000);
    expect(conditionTypes()).toEqual(['FailureTarget DeadlineExceeded', 'Failed DeadlineExceeded']);
    expect(pods()).toEqual([]);
  });

  it('suspends and resumes without counting the pods it stopped', () => {
    create(workload('Job', { selector: undefined, template: template({ app: 'web' }), completions: 1 }));
    run(3000);
    patchSpec('Job.batch', { suspend: true });
    run(10_000);
    expect(pods()).toEqual([]);
    expect(assessHealth(get() as unknown as KubeObject)?.status).toBe('Suspended');
    patchSpec('Job.batch', { suspend: false });
    run(3000);
    expect(pods()).toHaveLength(1);
    expect(get().status?.failed).toBeUndefined();
  });

  it('refuses Indexed completion with a condition that names the field', () => {
    job('Succeeded', { completionMode: 'Indexed', completions: 1 });
    run(1000);
    expect(findCondition(get().status?.conditions, 'Failed')?.message).toContain('spec.completionMode: Indexed');
  });

  it('lets go of the pods of a deleted job', () => {
    job('Succeeded', { completions: 1 });
    run(1000);
    engine.resources.delete(shop('Job.batch', 'web'), { propagation: 'Background' });
    run(10_000);
    expect(pods()).toEqual([]);
  });
});

describe('garbage-collector', () => {
  beforeEach(() => {
    create(workload('Deployment', { replicas: 2, template: template({ app: 'web' }) }));
    run(5000);
  });

  it('Background: dependents follow an owner that is gone', () => {
    engine.resources.delete(shop('Deployment.apps', 'web'), { propagation: 'Background' });
    expect(engine.store.get('Deployment.apps', 'shop', 'web')).toBeUndefined();
    run(10_000);
    expect(engine.store.list('ReplicaSet.apps', 'shop')).toEqual([]);
    expect(pods()).toEqual([]);
  });

  it('Foreground: the owner goes last', () => {
    engine.resources.delete(shop('Deployment.apps', 'web'), { propagation: 'Foreground' });
    run(1000);
    expect(engine.store.get('Deployment.apps', 'shop', 'web')).toBeDefined();
    expect(pods().every(isDeleting)).toBe(true);
    run(10_000);
    expect(engine.store.get('Deployment.apps', 'shop', 'web')).toBeUndefined();
    expect(engine.store.list('ReplicaSet.apps', 'shop')).toEqual([]);
    expect(pods()).toEqual([]);
  });

  it('Orphan: dependents stay, and a new owner adopts them', () => {
    const before = podNames();
    engine.resources.delete(shop('Deployment.apps', 'web'), { propagation: 'Orphan' });
    run(1000);
    expect(engine.store.get('Deployment.apps', 'shop', 'web')).toBeUndefined();
    expect(engine.store.list('ReplicaSet.apps', 'shop')[0]?.metadata.ownerReferences).toBeUndefined();
    expect(podNames()).toEqual(before);
    create(workload('Deployment', { replicas: 2, template: template({ app: 'web' }) }));
    run(5000);
    expect(podNames()).toEqual(before);
  });
});

describe('namespace', () => {
  it('empties a namespace, then lets it go', () => {
    create(workload('Deployment', { replicas: 2, template: template({ app: 'web' }) }));
    create(workload('Job', { selector: undefined, template: template({ app: 'job' }) }, 'task'));
    create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop' } });
    run(5000);
    engine.resources.delete({ kind: 'Namespace', namespace: undefined, name: 'shop' });
    run(1000);
    const going = engine.store.get('Namespace', undefined, 'shop');
    expect(going?.status?.phase).toBe('Terminating');
    expect(findCondition(going?.status?.conditions, 'NamespaceContentRemaining')?.message).toContain('pods has 3');
    run(60_000);
    expect(engine.store.get('Namespace', undefined, 'shop')).toBeUndefined();
    expect([...engine.store.all()].filter(({ metadata }) => metadata.namespace === 'shop')).toEqual([]);
  });
});

describe('endpointslice', () => {
  it('publishes ready pods, and a terminating pod leaves ready at once', () => {
    create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        clusterIP: '10.0.0.1',
        selector: { app: 'web' },
        ports: [{ name: 'http', port: 80, targetPort: 'http' }],
      },
    });
    create(workload('ReplicaSet', { replicas: 1, template: template({ app: 'web' }) }));
    const slice = () => engine.store.list('EndpointSlice.discovery.k8s.io', 'shop')[0];
    run(1000);
    expect(slice()?.endpoints?.[0]?.conditions).toEqual({ ready: false, serving: false, terminating: false });
    run(2000);
    expect(slice()?.endpoints?.[0]?.conditions).toEqual({ ready: true, serving: true, terminating: false });
    expect(slice()?.ports).toEqual([{ name: 'http', protocol: 'TCP', port: 8080 }]);
    const [name] = podNames();
    engine.resources.delete(shop('Pod', name as string));
    run(500);
    const old = slice()?.endpoints?.find(({ targetRef }) => targetRef?.name === name);
    expect(old?.conditions).toMatchObject({ ready: false, terminating: true });
    run(10_000);
    expect(slice()?.endpoints).toHaveLength(1);
    expect(engine.store.list('EndpointSlice.discovery.k8s.io', 'shop')).toHaveLength(1);
  });
});

describe('external-secret', () => {
  const secret = () => engine.store.get('Secret', 'shop', 'db');
  const externalSecret = (spec: Record<string, unknown>): Manifest => ({
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { name: 'db', namespace: 'shop' },
    spec: {
      refreshInterval: '0',
      target: { name: 'db', template: { engineVersion: 'v2', data: { username: 'app', password: '{{ .password }}' } } },
      dataFrom: [
        {
          sourceRef: {
            generatorRef: { apiVersion: 'generators.external-secrets.io/v1alpha1', kind: 'Password', name: 'pw' },
          },
        },
      ],
      ...spec,
    },
  });
  const ready = () => {
    const object = engine.store.get('ExternalSecret.external-secrets.io', 'shop', 'db') as unknown as KubeObject;
    return {
      condition: findCondition((object.status as { conditions: Condition[] }).conditions, 'Ready'),
      health: assessHealth(object)?.status,
    };
  };
  const generator = () =>
    create({
      apiVersion: 'generators.external-secrets.io/v1alpha1',
      kind: 'Password',
      metadata: { name: 'pw', namespace: 'shop' },
      spec: { length: 32, digits: 8, symbols: 0, noUpper: false, allowRepeat: true },
    });

  it('makes the secret once, shows its value nowhere else, and puts it back when it is deleted', () => {
    create(externalSecret({}));
    run(1000);
    expect(ready()).toMatchObject({ health: 'Degraded', condition: { reason: 'SecretSyncedError' } });
    expect(ready().condition?.message).toContain(
      'spec.dataFrom[0].sourceRef.generatorRef.name: Password "pw" not found',
    );
    generator();
    run(1000);
    const password = Buffer.from(secret()?.data?.password ?? '', 'base64').toString();
    expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(password.replace(/\D/g, '')).toHaveLength(8);
    expect(ready()).toMatchObject({ health: 'Healthy', condition: { status: 'True', reason: 'SecretSynced' } });
    const version = secret()?.metadata.resourceVersion;
    run(7_200_000);
    expect(secret()?.metadata.resourceVersion).toBe(version);
    expect(events('Updated')).toEqual([]);
    const elsewhere = [...engine.store.all()].filter(({ kind }) => kind !== 'Secret');
    expect(JSON.stringify(elsewhere)).not.toContain(password);
    const questions = steps.flatMap(({ plan }) => plan?.effects ?? []).filter(({ effect }) => effect !== 'create');
    expect(JSON.stringify(questions)).not.toContain(password);
    engine.resources.delete(shop('Secret', 'db'));
    run(1000);
    expect(secret()?.data?.username).toBe('YXBw');
    expect(events('Created')).toHaveLength(1);
  });

  it('makes a new value every refreshInterval', () => {
    generator();
    create(externalSecret({ refreshInterval: '1h' }));
    run(1000);
    const first = secret()?.data?.password;
    run(3_600_000);
    expect(secret()?.data?.password).not.toBe(first);
    expect(events('Updated')).toHaveLength(1);
  });

  it.each([
    [{ data: [{ secretKey: 'a' }] }, 'spec.data'],
    [{ dataFrom: [{ extract: { key: 'a' } }] }, 'spec.dataFrom[0].extract'],
    [{ refreshInterval: '5 minutes' }, 'spec.refreshInterval'],
    [{ target: { creationPolicy: 'Merge' } }, 'spec.target.creationPolicy'],
    [{ target: { template: { data: { a: '{{ range .x }}' } } } }, 'spec.target.template.data'],
  ])('refuses %j and names the field', (spec, field) => {
    generator();
    create(externalSecret(spec));
    run(1000);
    expect(ready().condition?.message).toContain(`${field}: `);
    expect(secret()).toBeUndefined();
  });
});

describe('pod-disruption-budget', () => {
  it('allows what maxUnavailable leaves of the healthy pods', () => {
    create(workload('ReplicaSet', { replicas: 3, template: template({ app: 'web' }) }));
    create({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
    });
    run(5000);
    expect(engine.store.get('PodDisruptionBudget.policy', 'shop', 'web')?.status).toMatchObject({
      expectedPods: 3,
      currentHealthy: 3,
      desiredHealthy: 2,
      disruptionsAllowed: 1,
    });
  });
});

it('settles: once everything is as wanted, nothing is planned any more', () => {
  create(workload('Deployment', { replicas: 3, template: template({ app: 'web' }) }));
  create(
    workload(
      'StatefulSet',
      { replicas: 2, selector: { matchLabels: { app: 'db' } }, template: template({ app: 'db' }) },
      'db',
    ),
  );
  run(30_000);
  const settled = steps.length;
  run(86_400_000);
  expect(steps.length).toBe(settled);
});
