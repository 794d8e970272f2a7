import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CHECKOUT } from './repository.ts';

const REPO = 'https://git.example.com/shop.git';

/** What the tree's production asks for; without keys, any key that the machine adds. */
export interface SmallTree {
  keys?: readonly string[];
  /** Entry of argocd-gpg-keys-cm. */
  keyring?: Readonly<Record<string, string>>;
  windows?: readonly Record<string, unknown>[];
  /** Roles of the production project. */
  roles?: readonly Record<string, unknown>[];
}

const metadata = (name: string) => ({ name, namespace: 'argocd' });
const project = (name: string, kinds: readonly Record<string, string>[], more: Record<string, unknown> = {}) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AppProject',
  metadata: metadata(name),
  spec: {
    sourceRepos: [REPO],
    destinations: [{ server: 'https://kubernetes.default.svc', namespace: '*' }],
    clusterResourceWhitelist: [{ group: '', kind: 'Namespace' }],
    namespaceResourceWhitelist: kinds,
    ...more,
  },
});

/** Environments development and production of one ConfigMap each, with production in a project that asks for signatures. */
export function smallTree({ keys = [], keyring, windows, roles }: SmallTree): Record<string, string> {
  const overlay = (name: string, projectName: string) => ({
    [`pern-gitops/apps/shop/overlays/${name}/kustomization.yaml`]: JSON.stringify({
      namespace: `shop-${name}`,
      resources: ['namespace.yaml'],
      configMapGenerator: [{ name: 'settings', literals: ['color=blue'], options: { disableNameSuffixHash: true } }],
    }),
    [`pern-gitops/apps/shop/overlays/${name}/namespace.yaml`]: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: `shop-${name}` },
    }),
    [`pern-gitops/apps/shop/overlays/${name}/environment.json`]: JSON.stringify({ project: projectName }),
  });
  const integrity = { git: { policies: [{ repos: [{ url: '*' }], gpg: { mode: 'head', keys } }] } };
  const configMap = { group: '', kind: 'ConfigMap' };
  const argo = ['AppProject', 'ApplicationSet'].map((kind) => ({ group: 'argoproj.io', kind }));
  const production = {
    sourceIntegrity: integrity,
    ...(windows === undefined ? {} : { syncWindows: windows }),
    ...(roles === undefined ? {} : { roles }),
  };
  const objects = [
    project('shop', [configMap]),
    project('shop-production', [configMap], production),
    applicationSet(),
    ...(keyring === undefined
      ? []
      : [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('argocd-gpg-keys-cm'), data: keyring }]),
  ];
  const root = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: metadata('root'),
    spec: {
      project: 'platform',
      source: { repoURL: REPO, targetRevision: 'HEAD', path: 'pern-gitops' },
      destination: { server: 'https://kubernetes.default.svc', namespace: 'argocd' },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  };
  const yaml = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join('\n---\n');
  return {
    'pern-gitops/bootstrap/root-app.yaml': yaml([project('platform', [...argo, configMap]), root]),
    'pern-gitops/kustomization.yaml': JSON.stringify({ resources: ['objects.yaml'] }),
    'pern-gitops/objects.yaml': yaml(objects),
    ...overlay('development', 'shop'),
    ...overlay('production', 'shop-production'),
  };
}

function applicationSet() {
  const automated =
    '{{ if ne .project "shop-production" }}{"spec":{"syncPolicy":{"automated":{"prune":true}}}}{{ end }}';
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: metadata('shop'),
    spec: {
      goTemplate: true,
      generators: [
        {
          git: {
            repoURL: REPO,
            revision: 'HEAD',
            files: [{ path: 'pern-gitops/apps/shop/overlays/*/environment.json' }],
          },
        },
      ],
      template: {
        metadata: { name: 'shop-{{.path.basename}}' },
        spec: {
          project: '{{.project}}',
          source: { repoURL: REPO, targetRevision: 'HEAD', path: '{{.path.path}}' },
          destination: { server: 'https://kubernetes.default.svc', namespace: 'shop-{{.path.basename}}' },
        },
      },
      templatePatch: automated,
    },
  };
}

export interface SmallRepository {
  folder: string;
  path: string;
  /** Writes files and commits them, signed with a key of `home` when one is given. Returns the sha. */
  commit(
    files: Readonly<Record<string, string>>,
    message: string,
    signer?: { home: string; fingerprint: string },
  ): string;
  git(...args: string[]): string;
  remove(): void;
}

/** A repository with one commit, in a folder that has room for a state folder beside it. */
export function createSmallRepository(): SmallRepository {
  const folder = mkdtempSync(join(tmpdir(), 'pern-e2e-'));
  chmodSync(folder, 0o755);
  const path = join(folder, 'repository');
  mkdirSync(path);
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    execFileSync('git', ['-C', path, '-c', 'user.name=tester', '-c', 'user.email=tester@localhost', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', ...env },
    }).trim();
  run(['init', '--quiet', '--initial-branch=main']);
  return {
    folder,
    path,
    git: (...args) => run(args),
    commit(files, message, signer) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), text);
      }
      run(['add', '--all']);
      const sign = signer === undefined ? ['--no-gpg-sign'] : [`-S${signer.fingerprint}`];
      run(['commit', '--quiet', '--message', message, ...sign], signer === undefined ? {} : { GNUPGHOME: signer.home });
      return run(['rev-parse', 'HEAD']);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs the command line in a process of its own, as a person does. */
export function runCommand(
  { folder, path }: Pick<SmallRepository, 'folder' | 'path'>,
  words: readonly string[],
): Promise<{ code: number; out: string; err: string }> {
  const line = [
    '--disable-warning=ExperimentalWarning',
    join(CHECKOUT, 'cli', 'main.ts'),
    ...words,
    ...['--repository', path, '--state', join(folder, 'state')],
  ];
  return new Promise((resolve) => {
    execFile(process.execPath, line, { cwd: path }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}
