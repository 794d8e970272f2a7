import { describe, expect, it } from 'vitest';
import { HEALTHY } from '#edges/sim/traffic/behaviour.ts';
import type { WebResponse } from '#edges/sim/web/simulated-web.ts';
import { Simulation, type SimulationOptions } from './simulated.ts';

const REPO = 'https://git.example.com/shop.git';
const NAMESPACE = 'shop';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HOST = 'shop.localhost';
const PREVIEW_HOST = 'preview.localhost';
const STABLE = 'registry.example.com/shop:1';
const NEXT = 'registry.example.com/shop:2';
const HASH = 'rollouts_pod_template_hash';
const HASH_ARGS = [{ name: 'hash', valueFrom: { podTemplateHashValue: 'Latest' } }];

type Fields = Record<string, unknown>;

function argo(kind: string, name: string, spec: Fields, namespace = NAMESPACE): Fields {
  return { apiVersion: 'argoproj.io/v1alpha1', kind, metadata: { name, namespace }, spec };
}

function service(name: string, labels: Fields = {}): Fields {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE, labels },
    spec: { selector: { app: 'shop' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
}

function ingress(name: string, host: string): Fields {
  const backend = { service: { name, port: { number: 80 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      ingressClassName: 'nginx',
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  };
}

/** Errors among the requests that the pods of one version have answered in the last minute; nothing measured passes. */
const ERRORS = argo('AnalysisTemplate', 'errors', {
  args: [{ name: 'hash' }],
  metrics: [
    {
      name: 'errors',
      interval: '20s',
      count: 4,
      failureLimit: 0,
      successCondition: 'len(result) == 0 || isNaN(result[0]) || result[0] < 0.05',
      provider: {
        prometheus: {
          address: 'http://prometheus:9090',
          query: `(sum(rate(http_requests_total{${HASH}="{{args.hash}}",status="500"}[1m])) or vector(0)) / sum(rate(http_requests_total{${HASH}="{{args.hash}}"}[1m]))`,
        },
      },
    },
  ],
});

const SCRAPES: Fields[] = [
  service('shop-metrics', { scraped: 'yes' }),
  {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name: 'shop', namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: { scraped: 'yes' } },
      podTargetLabels: ['rollouts-pod-template-hash'],
      endpoints: [{ port: 'http', interval: '5s' }],
    },
  },
];

function rollout(image: string, strategy: Fields): Fields {
  const container = { name: 'shop', image, ports: [{ name: 'http', containerPort: 8080 }] };
  return argo('Rollout', 'shop', {
    replicas: 4,
    selector: { matchLabels: { app: 'shop' } },
    template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [container] } },
    strategy,
  });
}

const ROOT = argo(
  'Application',
  'shop',
  {
    project: 'default',
    source: { repoURL: REPO, path: 'shop', targetRevision: 'HEAD' },
    destination: { server: 'https://kubernetes.default.svc', namespace: NAMESPACE },
    syncPolicy: {
      automated: { prune: true, selfHeal: true },
      syncOptions: ['CreateNamespace=true', 'RespectIgnoreDifferences=true'],
    },
    // What Argo CD's users write for routes whose weights a Rollout moves.
    ignoreDifferences: [
      {
        group: 'gateway.networking.k8s.io',
        kind: 'HTTPRoute',
        jqPathExpressions: ['.spec.rules[].backendRefs[].weight'],
      },
    ],
  },
  'argocd',
);

/** A shop of one Rollout, deployed from git and Healthy with version 1. */
class Shop {
  readonly simulation: Simulation;
  readonly #strategy: Fields;

  constructor(strategy: Fields, others: readonly Fields[], options: Partial<SimulationOptions> = {}) {
    this.#strategy = strategy;
    const objects = [...SCRAPES, ...others, ERRORS];
    this.simulation = new Simulation({
      seed: 1,
      start: '2026-01-05T09:00:00Z',
      files: {
        'pern-gitops/bootstrap/root-app.yaml': yaml([ROOT]),
        'shop/objects.yaml': yaml(objects),
        'shop/rollout.yaml': yaml([rollout(STABLE, strategy)]),
      },
      loads: [HOST, PREVIEW_HOST].map((host) => ({ host, path: '/', requestsPerSecond: () => 50 })),
      images: {},
      ...options,
    });
    this.watch(() => this.status.phase === 'Healthy' && this.isSynced());
    this.simulation.run(() => false, 2 * MINUTE_MS);
  }

  get #store() {
    return this.simulation.engine.store;
  }

  get status() {
    return this.#store.get('Rollout.argoproj.io', NAMESPACE, 'shop')?.status ?? {};
  }

  isSynced(): boolean {
    const status = this.#store.get('Application.argoproj.io', 'argocd', 'shop')?.status;
    return status?.sync?.status === 'Synced' && status.health?.status === 'Healthy';
  }

  release(image = NEXT): void {
    this.simulation.commit({ 'shop/rollout.yaml': yaml([rollout(image, this.#strategy)]) }, image);
  }

  /** Runs until `done`, and says which shares of the users' requests went to version 2 meanwhile, in order. */
  watch(done: () => boolean, withinMs = HOUR_MS): number[] {
    const shares = [this.sharePercent()];
    const look = () => {
      const share = this.sharePercent();
      if (share !== shares.at(-1)) shares.push(share);
      return done();
    };
    if (!this.simulation.run(look, withinMs)) throw new Error(`not done:\n${this.simulation.transcript}`);
    return shares;
  }

  /** Share of the requests to the shop's host that pods of version 2 get. */
  sharePercent(host = HOST): number {
    const route = this.simulation.traffic.table.routes.find((one) => one.host === host);
    const parts = route?.split ?? (route === undefined ? [] : [{ backend: route.backend, weight: 1 }]);
    const total = parts.reduce((sum, { weight }) => sum + weight, 0);
    return parts.reduce((sum, { backend, weight }) => {
      const of = backend.endpoints.filter(({ pod }) => this.#imageOf(pod) === NEXT).length;
      return sum + (backend.endpoints.length === 0 ? 0 : (100 * (weight / total) * of) / backend.endpoints.length);
    }, 0);
  }

  #imageOf(pod: string): string | undefined {
    const [namespace = '', name = ''] = pod.split('/');
    return this.#store.get('Pod', namespace, name)?.spec?.containers?.[0]?.image;
  }

  /** Sizes of version 1 and 2. */
  sizes(): number[] {
    return [STABLE, NEXT].map((image) =>
      this.#store
        .list('ReplicaSet.apps', NAMESPACE)
        .filter(({ spec }) => spec.template?.spec?.containers?.[0]?.image === image)
        .reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0),
    );
  }

  runs(): string[] {
    return this.#store
      .list('AnalysisRun.argoproj.io', NAMESPACE)
      .map(({ metadata, status }) => `${metadata.labels?.['rollout-type']} ${status?.phase}`)
      .sort();
  }

  experiments(): (string | undefined)[] {
    return this.#store.list('Experiment.argoproj.io', NAMESPACE).map(({ status }) => status?.phase);
  }

  promote(): void {
    const target = { kind: 'Rollout.argoproj.io', namespace: NAMESPACE, name: 'shop' };
    this.simulation.engine.resources.patch(target, { type: 'merge', patch: { spec: { paused: false } } });
    const patch = { status: { pauseConditions: null } };
    this.simulation.engine.resources.patch(target, { type: 'merge', patch }, { subresource: 'status' });
  }

  /** Version 2 is the stable one, or version 1 is again. */
  isAt(image: string): boolean {
    const hash = this.#store
      .list('ReplicaSet.apps', NAMESPACE)
      .find(({ spec }) => spec.template?.spec?.containers?.[0]?.image === image)?.metadata.labels?.[
      'rollouts-pod-template-hash'
    ];
    return this.status.stableRS === hash && this.status.phase === 'Healthy';
  }
}

function yaml(objects: readonly Fields[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
}

const bad = (errorRate = 0.4): Partial<SimulationOptions> => ({
  images: { [NEXT]: { service: { ...HEALTHY, errorRate } } },
});

describe('blue-green in the simulated host', () => {
  const SERVICES = [service('active'), service('preview'), ingress('active', HOST), ingress('preview', PREVIEW_HOST)];
  const ANALYSIS = { templates: [{ templateName: 'errors' }], args: HASH_ARGS };
  const strategy = (more: Fields = {}) => ({
    blueGreen: {
      activeService: 'active',
      previewService: 'preview',
      scaleDownDelaySeconds: 90,
      prePromotionAnalysis: ANALYSIS,
      postPromotionAnalysis: ANALYSIS,
      ...more,
    },
  });

  it('a good version is previewed, analysed, switched to at once, analysed again; the old one goes after its delay', () => {
    const shop = new Shop(strategy(), SERVICES);
    shop.release();
    expect(shop.watch(() => shop.sharePercent(PREVIEW_HOST) === 100)).toEqual([0]);
    expect(shop.sizes()).toEqual([4, 4]);
    const unanswered = shop.simulation.traffic.unanswered;
    expect(shop.watch(() => shop.isAt(NEXT))).toEqual([0, 100]);
    expect(shop.runs()).toEqual(['PostPromotion Successful', 'PrePromotion Successful']);
    expect(shop.sizes()).toEqual([4, 4]);
    expect(shop.watch(() => shop.sizes()[0] === 0, 2 * MINUTE_MS)).toEqual([100]);
    expect(shop.simulation.traffic.unanswered).toBe(unanswered);
  });

  it('waits for a person where the switch is not automatic', () => {
    const shop = new Shop(strategy({ autoPromotionEnabled: false }), SERVICES);
    shop.release();
    expect(shop.watch(() => shop.status.pauseConditions?.[0]?.reason === 'BlueGreenPause')).toEqual([0]);
    shop.simulation.run(() => false, HOUR_MS);
    expect(shop.sharePercent()).toBe(0);
    shop.promote();
    expect(shop.watch(() => shop.isAt(NEXT))).toEqual([0, 100]);
  });

  it('a version that fails in the preview is never shown to users', () => {
    const shop = new Shop(strategy(), SERVICES, bad());
    shop.release();
    expect(shop.watch(() => shop.status.phase === 'Degraded')).toEqual([0]);
    expect(shop.status.message).toMatch(
      /^RolloutAborted: Rollout aborted update to revision 2: .*"errors" assessed Failed/,
    );
    expect(shop.runs()).toEqual(['PrePromotion Failed']);
    expect(shop.watch(() => shop.sizes()[1] === 0)).toEqual([0]);
    // Git says version 1 again: nothing has to be started.
    shop.release(STABLE);
    expect(shop.watch(() => shop.isAt(STABLE) && shop.isSynced(), MINUTE_MS)).toEqual([0]);
  });

  it('a version that fails after the switch is left in the plan that sees the verdict', () => {
    const shop = new Shop(strategy({ prePromotionAnalysis: undefined }), SERVICES, bad());
    shop.release();
    expect(shop.watch(() => shop.status.phase === 'Degraded')).toEqual([0, 100, 0]);
    expect(shop.runs()).toEqual(['PostPromotion Failed']);
    const failed = shop.simulation.traffic.exposure.get(NEXT)?.failed ?? 0;
    expect(failed).toBeGreaterThan(0);
  });
});

describe('an experiment step in the simulated host', () => {
  const VERDICT = argo('AnalysisTemplate', 'verdict', {
    args: [{ name: 'stable' }, { name: 'canary' }],
    metrics: [
      {
        name: 'verdict',
        interval: '10s',
        count: 3,
        successCondition: 'result == true',
        provider: {
          web: { url: 'http://judge/?canary={{args.canary}}&stable={{args.stable}}', jsonPath: '{$.better}' },
        },
      },
    ],
  });
  const STRATEGY = {
    canary: {
      steps: [
        {
          experiment: {
            duration: '2m',
            templates: [
              { name: 'old', specRef: 'stable' },
              { name: 'new', specRef: 'canary' },
            ],
            analyses: [
              {
                name: 'verdict',
                templateName: 'verdict',
                args: [
                  { name: 'stable', value: '{{templates.old.podTemplateHash}}' },
                  { name: 'canary', value: '{{templates.new.podTemplateHash}}' },
                ],
              },
            ],
          },
        },
        { setWeight: 50 },
        { pause: { duration: '1m' } },
      ],
    },
  };
  const others = [service('active'), ingress('active', HOST), VERDICT];

  it('goes on when the new version is found better, with pods of both beside the Rollout', () => {
    const asked: string[] = [];
    const web = ({ url }: { url: string }): WebResponse => {
      asked.push(url);
      return { status: 200, body: '{"better": true}' };
    };
    const shop = new Shop(STRATEGY, others, { web });
    shop.release();
    shop.watch(() => shop.experiments()[0] === 'Running');
    shop.watch(() => shop.isAt(NEXT));
    expect(shop.experiments()).toEqual(['Successful']);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatch(/^http:\/\/judge\/\?canary=\w{8,10}&stable=\w{8,10}$/);
    expect(shop.sizes()).toEqual([0, 4]);
  });

  it('ends the release when it is not, before any canary pod is there', () => {
    const shop = new Shop(STRATEGY, others, { web: () => ({ status: 200, body: '{"better": false}' }) });
    shop.release();
    shop.watch(() => shop.status.phase === 'Degraded');
    expect(shop.experiments()).toEqual(['Failed']);
    expect(shop.status.currentStepIndex).toBe(0);
    shop.simulation.run(() => false, 5 * MINUTE_MS);
    expect(shop.sizes()).toEqual([4, 0]);
  });
});

describe('weights of an HTTPRoute in the simulated host', () => {
  const GATEWAY = 'gateway.networking.k8s.io/v1';
  const others = [
    service('stable'),
    service('canary'),
    {
      apiVersion: GATEWAY,
      kind: 'Gateway',
      metadata: { name: 'main', namespace: NAMESPACE },
      spec: { gatewayClassName: 'any', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    },
    {
      apiVersion: GATEWAY,
      kind: 'HTTPRoute',
      metadata: { name: 'shop', namespace: NAMESPACE },
      spec: {
        parentRefs: [{ name: 'main' }],
        hostnames: [HOST],
        rules: [{ backendRefs: ['stable', 'canary'].map((name) => ({ name, port: 80 })) }],
      },
    },
  ];
  const STRATEGY = {
    canary: {
      stableService: 'stable',
      canaryService: 'canary',
      trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop', namespace: NAMESPACE } } },
      steps: [
        { setWeight: 20 },
        { analysis: { templates: [{ templateName: 'errors' }], args: HASH_ARGS } },
        { setWeight: 60 },
        { pause: { duration: '1m' } },
      ],
    },
  };

  it('a good release passes every weight, and git does not take the weights back', () => {
    const shop = new Shop(STRATEGY, others);
    shop.release();
    expect(shop.watch(() => shop.isAt(NEXT))).toEqual([0, 20, 60, 100]);
    expect(shop.runs()).toEqual(['Step Successful']);
    shop.simulation.run(() => false, 5 * MINUTE_MS);
    expect([shop.sizes(), shop.sharePercent()]).toEqual([[0, 4], 100]);
  });

  it('a bad release goes back from its first weight', () => {
    const shop = new Shop(STRATEGY, others, bad());
    shop.release();
    expect(shop.watch(() => shop.status.phase === 'Degraded')).toEqual([0, 20, 0]);
    expect(shop.status.message).toContain('"errors" assessed Failed');
    const { requests = 0, failed = 0 } = shop.simulation.traffic.exposure.get(NEXT) ?? {};
    expect(failed).toBeCloseTo(requests * 0.4, 6);
  });
});
