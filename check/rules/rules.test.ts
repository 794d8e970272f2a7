import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  analysisTemplate,
  application,
  kustomization,
  NAMESPACE,
  PROJECT,
  rollout,
  SERVICE,
  workload,
} from '../testing/objects.ts';
import { brief, findingsOf } from '../testing/tree.ts';
import { RULES } from './index.ts';

/** Findings of the tree with one rule switched on. */
function found(rule: string, files: Record<string, string>): string[] {
  const chosen = RULES.filter(({ id }) => id === rule);
  if (chosen.length === 0) throw new Error(`there is no rule ${rule}`);
  return brief(findingsOf(files, chosen)).map((line) => line.replace(` ${rule}`, ''));
}

const replace = (from: string | RegExp, to: string) => (text: string) => {
  const result = text.replace(from, to);
  if (result === text) throw new Error(`nothing to replace: ${from}`);
  return result;
};

const GOOD = {
  'kustomization.yaml': kustomization('namespace.yaml', 'web.yaml', 'service.yaml', 'account.yaml'),
  'namespace.yaml': NAMESPACE,
  'web.yaml': workload(),
  'service.yaml': SERVICE,
  'account.yaml': ACCOUNT,
};

describe('a correct application', () => {
  it('has no findings at all', () => {
    expect(brief(findingsOf(GOOD))).toEqual([]);
  });
});

describe('rendering', () => {
  it('tells where a file is not YAML', () => {
    expect(found('rendering/syntax', { ...GOOD, 'web.yaml': 'kind: Deployment\nmetadata: {name: web\n' })).toEqual([
      expect.stringMatching(/^web\.yaml:\d+:\d+ this is not valid YAML/),
    ]);
  });

  it('tells a key that is written twice', () => {
    expect(found('rendering/syntax', { 'a.yaml': 'kind: A\nkind: B\n' })).toEqual([
      'a.yaml:2:1 this is not valid YAML: Map keys must be unique',
    ]);
  });

  it('tells why a kustomization does not build', () => {
    expect(found('rendering/build', { ...GOOD, 'kustomization.yaml': kustomization('web.yml') })).toEqual([
      expect.stringContaining('kustomization.yaml:2:5 there is neither a file nor a directory web.yml'),
    ]);
  });
});

describe('schema', () => {
  const schema = (rule: string, edit: (text: string) => string) =>
    found(`schema/${rule}`, { ...GOOD, 'web.yaml': workload(edit) });

  it('names the right field for a misspelt one', () => {
    const [finding] = findingsOf({ 'web.yaml': workload(replace('replicas: 3', 'replica: 3')) }, RULES);
    expect(finding).toMatchObject({
      rule: 'schema/unknown-field',
      at: { line: 7, column: 3 },
      fix: 'did you mean replicas?',
    });
  });

  it('knows where a misplaced field belongs', () => {
    const [finding] = findingsOf(
      { 'web.yaml': workload(replace('          ports:', '          replicas: 2\n          ports:')) },
      RULES.filter(({ id }) => id === 'schema/unknown-field'),
    );
    expect(finding?.fix).toBe('it belongs to spec, further out');
  });

  it('tells values of the wrong type', () => {
    expect(schema('type', replace('replicas: 3', 'replicas: "3"'))).toEqual([
      'web.yaml:7:3 spec.replicas must be a whole number, not the text "3"',
    ]);
    expect(schema('type', replace('cpu: 100m', 'cpu: 100 m'))).toEqual([
      expect.stringContaining('must be a quantity such as 250m or 128Mi'),
    ]);
  });

  it('finds a step of a canary that does not exist', () => {
    expect(found('schema/unknown-field', { 'web.yaml': rollout('steps:\n  - setWeigth: 5\n') })).toEqual([
      expect.stringContaining('has no field setWeigth'),
    ]);
  });

  it('asks for required fields of custom kinds', () => {
    const text = application('shop', '.').replace(/ {2}destination:[\s\S]*/, '');
    expect(found('schema/required', { 'app.yaml': text })).toEqual([
      expect.stringContaining('spec has no destination'),
    ]);
  });

  it('names the right kind', () => {
    const text = application('shop', '.').replace('kind: Application', 'kind: Aplication');
    expect(found('schema/unknown-kind', { 'app.yaml': text })).toEqual([
      'app.yaml:2:1 argoproj.io/v1alpha1 has no kind Aplication',
    ]);
  });

  it('refuses what the API server refuses', () => {
    expect(found('schema/invalid', { 'service.yaml': SERVICE.replace('port: 80', 'port: 80000') })).toEqual([
      expect.stringContaining('service.yaml:11:7 spec.ports[0].port'),
    ]);
  });

  it('refuses a Rollout that the controller marks InvalidSpec', () => {
    expect(found('schema/invalid', { 'web.yaml': rollout('steps:\n  - setWeight: 101\n') })).toEqual([
      'web.yaml:51:11 spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100',
    ]);
  });
});

describe('files', () => {
  it('finds the canary patch that nobody references', () => {
    const patch = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 5}\n';
    expect(found('files/unreached', { ...GOOD, 'rollout-patch.yaml': patch })).toEqual([
      'rollout-patch.yaml:1:1 nothing includes rollout-patch.yaml',
    ]);
  });

  it('finds a JSON patch that nobody references', () => {
    const patch = '- op: replace\n  path: /spec/replicas\n  value: 5\n';
    expect(found('files/unreached', { ...GOOD, 'patch.yaml': patch })).toHaveLength(1);
  });

  it('leaves alone what other programs read', () => {
    expect(found('files/unreached', { ...GOOD, 'values.yaml': 'kind: x\n', 'notes.yaml': 'a: 1\n' })).toEqual([]);
  });

  it('finds a component that nobody uses', () => {
    const component = 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n';
    expect(found('files/unused-component', { ...GOOD, 'parts/kustomization.yaml': component })).toEqual([
      'parts/kustomization.yaml:1:1 no kustomization uses the component parts',
    ]);
  });

  it.each(['{{ .Values.tag }}', '${TAG}', '<%= tag %>'])('finds %s that nobody renders', (text) => {
    const web = workload(replace('ghcr.io/shop/web:1.0.0', `"ghcr.io/shop/web:${text}"`));
    expect(found('files/foreign-template', { ...GOOD, 'web.yaml': web })).toHaveLength(1);
  });
});

describe('references', () => {
  const withEnv = (entry: string) =>
    workload(replace('          ports:\n', `          env:\n            - ${entry}\n          ports:\n`));
  const SETTINGS =
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: shop\ndata:\n  color: red\n';

  it('of a ConfigMap that is not there, with the nearest name', () => {
    const web = withEnv('{name: COLOR, valueFrom: {configMapKeyRef: {name: setings, key: color}}}');
    const findings = findingsOf(
      { 'web.yaml': web, 'settings.yaml': SETTINGS },
      RULES.filter(({ id }) => id === 'reference/configuration'),
    );
    expect(findings).toMatchObject([
      { message: 'there is no ConfigMap "setings" in namespace shop', fix: 'did you mean "settings"?' },
    ]);
  });

  it('of a key that the ConfigMap does not have', () => {
    const web = withEnv('{name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}');
    expect(found('reference/configuration', { 'web.yaml': web, 'settings.yaml': SETTINGS })).toEqual([
      expect.stringContaining('ConfigMap "settings" has no key "colour"'),
    ]);
  });

  it('of a Secret that an ExternalSecret makes', () => {
    const external =
      'apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db, namespace: shop}\nspec:\n  target: {name: database, template: {data: {password: "{{ .password }}"}}}\n  dataFrom: []\n';
    const web = (key: string) => withEnv(`{name: P, valueFrom: {secretKeyRef: {name: database, key: ${key}}}}`);
    expect(found('reference/configuration', { 'web.yaml': web('password'), 'db.yaml': external })).toEqual([]);
    expect(found('reference/configuration', { 'web.yaml': web('user'), 'db.yaml': external })).toHaveLength(1);
  });

  it('of an optional Secret, which may be absent', () => {
    const web = withEnv('{name: P, valueFrom: {secretKeyRef: {name: none, key: k, optional: true}}}');
    expect(found('reference/configuration', { 'web.yaml': web })).toEqual([]);
  });

  it('of a ServiceAccount', () => {
    expect(found('reference/service-account', { 'web.yaml': workload() })).toEqual([
      'web.yaml:16:7 there is no ServiceAccount "web" in namespace shop',
    ]);
  });

  it('of a volume that the pod does not have', () => {
    const web = workload(
      replace(
        '          ports:\n',
        '          volumeMounts:\n            - {name: tpm, mountPath: /tmp}\n          ports:\n',
      ),
    );
    expect(found('reference/claim', { 'web.yaml': web })).toEqual([
      expect.stringContaining('there is no volume "tpm"'),
    ]);
  });

  it('of a canary service', () => {
    const canary = rollout('stableService: web\ncanaryService: web-cannary\n');
    expect(found('reference/service', { 'web.yaml': canary, 'service.yaml': SERVICE })).toEqual([
      expect.stringContaining('there is no Service "web-cannary"'),
    ]);
  });

  it('of an Ingress to a port that the Service does not have', () => {
    const ingress =
      'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\nspec:\n  rules:\n    - http:\n        paths:\n          - path: /\n            pathType: Prefix\n            backend:\n              service:\n                name: web\n                port:\n                  name: https\n';
    expect(
      found('reference/service', {
        ...GOOD,
        'ingress.yaml': ingress,
        'kustomization.yaml': kustomization('service.yaml', 'ingress.yaml'),
      }),
    ).toEqual(['ingress.yaml:13:17 Service "web" has no port https']);
  });

  it('of a selector that selects nothing, and of a target port that no container has', () => {
    expect(found('reference/selector', { ...GOOD, 'service.yaml': SERVICE.replace('app: web', 'app: wep') })).toEqual([
      'service.yaml:7:3 this selector selects no pod',
    ]);
    expect(
      found('reference/selector', { ...GOOD, 'service.yaml': SERVICE.replace('targetPort: http', 'targetPort: web') }),
    ).toEqual(['service.yaml:12:7 no container of the selected pods has a port named "web"']);
  });

  it('of a ServiceMonitor to a port that is called otherwise', () => {
    const monitor =
      'apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: web, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  endpoints:\n    - port: prom\n';
    const service = SERVICE.replace('  name: web\n', '  name: web\n  labels: {app: web}\n');
    expect(found('reference/monitor', { 'service.yaml': service, 'monitor.yaml': monitor })).toEqual([
      'monitor.yaml:7:7 no selected Service has a port named "prom"',
    ]);
  });

  it('of an analysis template, its arguments and its placeholders', () => {
    const metric = 'provider:\n  prometheus:\n    query: up{job="{{args.job}}"}\n';
    const template = analysisTemplate(metric, 'args:\n  - name: job\n');
    const using = (text: string) => rollout(`analysis:\n  templates:\n    - templateName: ${text}\n`);
    expect(
      found('reference/analysis-template', { 'web.yaml': using('sucess-rate'), 'template.yaml': template }),
    ).toEqual([expect.stringContaining('there is no AnalysisTemplate "sucess-rate"')]);
    expect(
      found('reference/analysis-template', { 'web.yaml': using('success-rate'), 'template.yaml': template }),
    ).toEqual([expect.stringContaining('the analysis gives no value for job')]);
    const withArgument = `${using('success-rate')}        args:\n          - {name: job, value: web}\n          - {name: jop, value: web}\n`;
    expect(found('reference/analysis-template', { 'web.yaml': withArgument, 'template.yaml': template })).toEqual([
      expect.stringContaining('no template of this analysis has an argument "jop"'),
    ]);
    expect(found('reference/analysis-argument', { 'template.yaml': analysisTemplate(metric) })).toEqual([
      expect.stringContaining('{{args.job}} names an argument that this template does not declare'),
    ]);
  });

  it('of a template whose scope is not said', () => {
    const template = analysisTemplate('provider: {prometheus: {query: up}}\n')
      .replace('kind: Analysis', 'kind: ClusterAnalysis')
      .replace('  namespace: shop\n', '');
    const findings = findingsOf(
      { 'web.yaml': rollout('analysis:\n  templates:\n    - templateName: success-rate\n'), 'template.yaml': template },
      RULES.filter(({ id }) => id === 'reference/analysis-template'),
    );
    expect(findings[0]?.fix).toBe('there is a ClusterAnalysisTemplate of that name: add clusterScope: true');
  });

  it('of a stable Ingress', () => {
    const routed = rollout(
      'canaryService: web\nstableService: web\ntrafficRouting:\n  nginx:\n    stableIngress: front\n',
    );
    expect(found('reference/ingress', { 'web.yaml': routed })).toEqual([
      expect.stringContaining('there is no Ingress "front"'),
    ]);
  });

  it('of a project', () => {
    expect(
      found('reference/project', {
        'app.yaml': application('shop', 'x').replace('project: shop', 'project: shp'),
        'project.yaml': PROJECT,
      }),
    ).toEqual([expect.stringContaining('there is no AppProject "shp"')]);
  });

  it('of what an autoscaler scales, and of a role', () => {
    const scaler =
      'apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: shop}\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  maxReplicas: 5\n';
    expect(
      findingsOf(
        { 'web.yaml': rollout('steps: []\n'), 'hpa.yaml': scaler },
        RULES.filter(({ id }) => id === 'reference/scale-target'),
      ),
    ).toMatchObject([{ fix: '"web" is a Rollout (argoproj.io/v1alpha1)' }]);
    const binding =
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: web, namespace: shop}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}\nsubjects:\n  - {kind: ServiceAccount, name: web}\n';
    expect(found('reference/role', { 'binding.yaml': binding })).toHaveLength(2);
  });
});

describe('analysis', () => {
  const query = 'provider:\n  prometheus:\n    query: sum(rate(http_requests_total[5m]))\n';

  it('finds conditions and queries that do not parse', () => {
    expect(
      found('analysis/condition', { 'a.yaml': analysisTemplate(`successCondition: result[0] => 1\n${query}`) }),
    ).toHaveLength(1);
    expect(
      found('analysis/query', { 'a.yaml': analysisTemplate('provider: {prometheus: {query: "sum(rate(x[5m])"}}\n') }),
    ).toHaveLength(1);
  });

  it.each([
    ['result[0] >= 0.95', 'result[0] < 0.90', 'metric "success-rate" is inconclusive for 0.9 to 0.949905'],
    ['result[0] > 1 && result[0] < 1', '', 'no value makes metric "success-rate" succeed'],
  ])('tries %s against %s', (success, failure, message) => {
    const conditions = `successCondition: ${success}\n${failure === '' ? '' : `failureCondition: ${failure}\n`}`;
    expect(found('analysis/outcome', { 'a.yaml': analysisTemplate(conditions + query) })).toEqual([
      expect.stringContaining(message),
    ]);
  });

  it('accepts conditions that meet', () => {
    const conditions = 'successCondition: result[0] >= 0.95\nfailureCondition: result[0] < 0.95\n';
    expect(found('analysis/outcome', { 'a.yaml': analysisTemplate(conditions + query) })).toEqual([]);
  });

  it('asks for an answer to missing data', () => {
    expect(
      found('analysis/no-data', { 'a.yaml': analysisTemplate(`successCondition: result[0] >= 0.95\n${query}`) }),
    ).toEqual([expect.stringContaining('an empty result is an Error, NaN is Failed')]);
    const guarded = `successCondition: len(result) == 0 || isNaN(result[0]) || result[0] >= 0.95\n${query}`;
    expect(found('analysis/no-data', { 'a.yaml': analysisTemplate(guarded) })).toEqual([]);
  });

  it('knows the metrics of the cluster, and of the application where it is told', () => {
    const of = (metric: string) => analysisTemplate(`provider:\n  prometheus:\n    query: sum(${metric})\n`);
    expect(found('analysis/unknown-metric', { 'a.yaml': of('kube_pod_status_redy') })).toEqual([
      expect.stringContaining('nothing known exports kube_pod_status_redy'),
    ]);
    expect(found('analysis/unknown-metric', { 'a.yaml': of('http_request_total') })).toEqual([]);
    expect(
      found('analysis/unknown-metric', {
        'a.yaml': of('http_request_total'),
        'web.prom': '# TYPE http_requests_total counter\n',
      }),
    ).toHaveLength(1);
    expect(
      found('analysis/unknown-metric', { 'a.yaml': of('latency_bucket'), 'web.prom': '# TYPE latency histogram\n' }),
    ).toEqual([]);
  });
});

describe('projects', () => {
  const tree = { ...GOOD, 'root/app.yaml': application('shop', '.'), 'root/project.yaml': PROJECT };

  it('accepts a project that permits what its application deploys', () => {
    expect(found('project/forbids', tree)).toEqual([]);
  });

  it.each([
    ['https://git.example.com/shop.git', 'https://git.example.com/other.git', 'does not permit the repository'],
    ['namespace: shop\n', 'namespace: other\n', 'does not permit the destination'],
    ['kind: Namespace', 'kind: Node', 'does not permit Namespace'],
  ])('without %s', (from, to, message) => {
    expect(found('project/forbids', { ...tree, 'root/project.yaml': PROJECT.replace(from, to) })).toEqual(
      expect.arrayContaining([expect.stringContaining(message)]),
    );
  });

  it('tells a project that permits everything, and permissions that nobody uses', () => {
    const open = PROJECT.replace('https://git.example.com/shop.git', '"*"').replace(
      'server: https://kubernetes.default.svc\n      namespace: shop',
      'server: "*"\n      namespace: "*"',
    );
    expect(found('project/allows-everything', { ...tree, 'root/project.yaml': open })).toHaveLength(1);
    const unused = PROJECT.replace('kind: Namespace', 'kind: Namespace\n    - group: ""\n      kind: Node');
    expect(found('project/unused-permission', { ...tree, 'root/project.yaml': unused })).toEqual([
      expect.stringContaining('no Application of shop deploys Node'),
    ]);
  });
});

describe('ownership', () => {
  it('finds one object in two applications', () => {
    const tree = { ...GOOD, 'root/a.yaml': application('a', '.'), 'root/b.yaml': application('b', '.') };
    expect(found('ownership/two-applications', tree)).toHaveLength(4);
  });
});

describe('waves', () => {
  const wave = (text: string, number: number) =>
    text.replace('  name: ', `  annotations:\n    argocd.argoproj.io/sync-wave: "${number}"\n  name: `);

  it('finds what needs something of a later wave', () => {
    const tree = {
      ...GOOD,
      'web.yaml': wave(workload(), 1),
      'account.yaml': wave(ACCOUNT, 2),
      'root/app.yaml': application('shop', '.'),
    };
    expect(found('waves/order', tree)).toEqual([
      expect.stringContaining('Deployment shop/web (Sync wave 1) needs ServiceAccount shop/web (Sync wave 2)'),
    ]);
  });

  it('finds a PreSync hook that needs an object of the sync', () => {
    const job = `apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  namespace: shop\n  annotations:\n    argocd.argoproj.io/hook: PreSync\nspec:\n  template:\n    spec:\n      serviceAccountName: web\n      restartPolicy: Never\n      containers: [{name: m, image: "shop/m:1"}]\n`;
    const tree = {
      ...GOOD,
      'job.yaml': job,
      'kustomization.yaml': kustomization('account.yaml', 'job.yaml'),
      'root/app.yaml': application('shop', '.'),
    };
    expect(found('waves/order', tree)).toEqual([
      expect.stringContaining('(PreSync wave 0) needs ServiceAccount shop/web (Sync wave 0)'),
    ]);
    expect(found('waves/hook-immutable', tree)).toEqual([]);
    expect(
      found('waves/hook-immutable', { ...tree, 'job.yaml': job.replace(/ {2}annotations:\n.*\n/, '') }),
    ).toHaveLength(1);
  });
});

describe('images and secrets', () => {
  it.each([
    ['ghcr.io/shop/web', 1],
    ['ghcr.io/shop/web:latest', 1],
    ['localhost:5000/web', 1],
    ['ghcr.io/shop/web:1.0.0', 0],
    ['ghcr.io/shop/web@sha256:0000', 0],
  ])('%s has %i findings', (image, count) => {
    expect(
      found('images/tag', { ...GOOD, 'web.yaml': workload((text) => text.replace('ghcr.io/shop/web:1.0.0', image)) }),
    ).toHaveLength(count);
  });

  it('finds secrets in plain text', () => {
    const secret =
      'apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData:\n  password: hunter2\n';
    expect(found('secrets/plain-text', { 'secret.yaml': secret })).toEqual([
      'secret.yaml:5:3 the Secret holds a value for "password" in git',
    ]);
    expect(found('secrets/plain-text', { 'secret.yaml': secret.replace('hunter2', 'changeme') })).toEqual([]);
    const web = workload(
      replace(
        '          ports:\n',
        '          env:\n            - {name: DB_PASSWORD, value: hunter2}\n          ports:\n',
      ),
    );
    expect(found('secrets/plain-text', { 'web.yaml': web })).toHaveLength(1);
    const key = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: k}\ndata:\n  key: "-----BEGIN ${''}PRIVATE KEY-----"\n`;
    expect(found('secrets/known-token', { 'k.yaml': key })).toEqual(['k.yaml:5:3 this looks like a private key']);
  });
});

describe('hardening, resources and probes', () => {
  it.each([
    ['      runAsNonRoot: true', '      runAsNonRoot: false', 'may run as root'],
    ['readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', 'may write to its root file system'],
    ['drop: [ALL]', 'drop: [NET_RAW]', 'keeps Linux capabilities'],
    ['allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true', 'may gain privileges'],
    ['type: RuntimeDefault', 'type: Unconfined', 'runs without a seccomp profile'],
  ])('%s', (from, to, message) => {
    expect(found('hardening/security-context', { 'web.yaml': workload(replace(from, to)) })).toEqual([
      expect.stringContaining(message),
    ]);
  });

  it('finds host access, tokens without use and wide roles', () => {
    expect(
      found('hardening/host-access', {
        'web.yaml': workload(
          replace('      serviceAccountName: web', '      hostNetwork: true\n      serviceAccountName: web'),
        ),
      }),
    ).toHaveLength(1);
    expect(
      found('hardening/account-token', {
        ...GOOD,
        'web.yaml': workload(replace('automountServiceAccountToken: false', 'automountServiceAccountToken: true')),
      }),
    ).toHaveLength(1);
    const role =
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: shop}\nrules:\n  - {apiGroups: [""], resources: [secrets], verbs: [get]}\n';
    expect(found('hardening/wildcard-role', { 'role.yaml': role })).toHaveLength(1);
    expect(
      found('hardening/wildcard-role', {
        'role.yaml': role.replace('verbs: [get]', 'resourceNames: [db], verbs: [get]'),
      }),
    ).toEqual([]);
  });

  it('asks for requests and a memory limit', () => {
    expect(found('resources/limits', { 'web.yaml': workload(replace(/ {12}limits:\n.*\n/, '')) })).toEqual([
      expect.stringContaining('has no limits.memory'),
    ]);
  });

  it('judges probes', () => {
    expect(
      found('probes/readiness', { ...GOOD, 'web.yaml': workload(replace('readinessProbe', 'startupProbe')) }),
    ).toHaveLength(1);
    expect(
      found('probes/liveness-is-readiness', { ...GOOD, 'web.yaml': workload(replace('/livez', '/readyz')) }),
    ).toHaveLength(1);
    expect(
      found('probes/port', {
        'web.yaml': workload(replace('port: http\n          livenessProbe', 'port: web\n          livenessProbe')),
      }),
    ).toHaveLength(1);
    expect(
      found('probes/grace-period', {
        'web.yaml': workload(
          replace('          ports:\n', '          lifecycle: {preStop: {sleep: {seconds: 30}}}\n          ports:\n'),
        ),
      }),
    ).toHaveLength(1);
  });
});

describe('availability', () => {
  const budget = (field: string) =>
    `apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web, namespace: shop}\nspec:\n  ${field}\n  selector: {matchLabels: {app: web}}\n`;

  it.each([
    ['minAvailable: 3', 1],
    ['minAvailable: 2', 0],
    ['maxUnavailable: 1', 0],
    ['maxUnavailable: 0', 1],
    ['minAvailable: 100%', 1],
    ['minAvailable: 50%', 0],
  ])('a budget of %s over three pods has %i findings', (field, count) => {
    expect(
      found('availability/disruption-budget', {
        ...GOOD,
        'pdb.yaml': budget(field),
        'kustomization.yaml': kustomization('web.yaml', 'pdb.yaml'),
      }),
    ).toHaveLength(count);
  });

  it('finds an autoscaler that fights with git, and one that cannot compute', () => {
    const scaler =
      'apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: shop}\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  minReplicas: 2\n  maxReplicas: 5\n  metrics:\n    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}\n';
    expect(found('availability/autoscaler', { 'web.yaml': workload(), 'hpa.yaml': scaler })).toEqual([
      expect.stringContaining('git sets replicas of Deployment shop/web'),
    ]);
    const lean = workload((text) => text.replace('  replicas: 3\n', '').replace('              cpu: 100m\n', ''));
    expect(found('availability/autoscaler', { 'web.yaml': lean, 'hpa.yaml': scaler })).toEqual([
      expect.stringContaining('utilisation of cpu needs a request'),
    ]);
  });
});

describe('annotations and versions', () => {
  const annotated = (annotation: string) =>
    SERVICE.replace('  name: web\n', `  name: web\n  annotations:\n    ${annotation}\n`);

  it.each([
    ['argocd.argoproj.io/sync-waves: "2"', 'Argo CD knows no annotation argocd.argoproj.io/sync-waves'],
    ['argocd.argoproj.io/sync-wave: "two"', 'the wave "two" is not a whole number, and counts as 0'],
    ['argocd.argoproj.io/hook: Presync', 'there is no hook "Presync"'],
    ['argocd.argoproj.io/hook-delete-policy: Succeeded', 'there is no delete policy "Succeeded"'],
  ])('%s', (annotation, message) => {
    expect(found('annotations/argo-cd', { 'service.yaml': annotated(annotation) })).toEqual([
      `service.yaml:6:5 ${message}`,
    ]);
  });

  it('finds what only controllers write', () => {
    expect(
      found('annotations/reserved', { 'service.yaml': annotated('argocd.argoproj.io/tracking-id: x') }),
    ).toHaveLength(1);
    expect(found('annotations/reserved', { 'service.yaml': `${SERVICE}status:\n  loadBalancer: {}\n` })).toHaveLength(
      1,
    );
  });

  it('finds versions and fields that have been replaced', () => {
    expect(
      found('deprecated/api-version', {
        'pdb.yaml': 'apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: x}\n',
      }),
    ).toHaveLength(1);
    expect(found('deprecated/field', { 'kustomization.yaml': 'commonLabels: {a: b}\n' })).toEqual([
      'kustomization.yaml:1:1 commonLabels is deprecated in Kustomize',
    ]);
  });
});
