/** Pieces of YAML that many tests need: a small correct application in namespace `shop`. */

export const NAMESPACE = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
`;

/** A workload as production would have it; `edit` changes the text, so that a test shows only what it is about. */
export function workload(edit: (text: string) => string = (text) => text, kind = 'Deployment'): string {
  return edit(`apiVersion: ${kind === 'Rollout' ? 'argoproj.io/v1alpha1' : 'apps/v1'}
kind: ${kind}
metadata:
  name: web
  namespace: shop
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      serviceAccountName: web
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 30
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: web
          image: ghcr.io/shop/web:1.0.0
          ports:
            - name: http
              containerPort: 8080
          readinessProbe:
            httpGet:
              path: /readyz
              port: http
          livenessProbe:
            httpGet:
              path: /livez
              port: http
          resources:
            requests:
              cpu: 100m
              memory: 64Mi
            limits:
              memory: 128Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
`);
}

export const ACCOUNT = `apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
  namespace: shop
automountServiceAccountToken: false
`;

export const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector:
    app: web
  ports:
    - name: http
      port: 80
      targetPort: http
`;

/** A kustomization of the given files. */
export function kustomization(...files: readonly string[]): string {
  return `resources:\n${files.map((file) => `  - ${file}\n`).join('')}`;
}

/** An Application over `path` of the tree, in project `shop`. */
export function application(name: string, path: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${name}
  namespace: argocd
spec:
  project: shop
  source:
    repoURL: https://git.example.com/shop.git
    path: ${path}
    targetRevision: HEAD
  destination:
    server: https://kubernetes.default.svc
    namespace: shop
`;
}

export const PROJECT = `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: shop
  namespace: argocd
spec:
  sourceRepos:
    - https://git.example.com/shop.git
  destinations:
    - server: https://kubernetes.default.svc
      namespace: shop
  clusterResourceWhitelist:
    - group: ""
      kind: Namespace
`;

/** A Rollout with a canary over the workload above. */
export function rollout(strategy: string): string {
  return `${workload((text) => text, 'Rollout')}  strategy:
    canary:
${strategy.replace(/^(?=.)/gm, '      ')}`;
}

/** An analysis template with one Prometheus metric. */
export function analysisTemplate(metric: string, args = ''): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata:
  name: success-rate
  namespace: shop
spec:
${args.replace(/^(?=.)/gm, '  ')}  metrics:
    - name: success-rate
${metric.replace(/^(?=.)/gm, '      ')}`;
}
