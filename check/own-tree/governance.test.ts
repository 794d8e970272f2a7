/** Rows 1 to 3: who may do what, when, with which commits (docs/reference/features.md). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { diskFileSystem } from '../../cli/disk-files.ts';
import { memoryFileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';
import { Enforcer, type Request } from '../../engine/mechanism/lib/rbac/enforcer.ts';
import { projectPolicy, projectSubject, validateRoles } from '../../engine/mechanism/lib/rbac/project-roles.ts';
import { kustomizeLibrary } from '../../engine/stages/render/kustomize.ts';
import { isOrphan, orphanWarning } from '../../engine/stages/sync/app-project/orphaned-resources.ts';
import { isDestinationPermitted, isKindPermitted } from '../../engine/stages/sync/app-project/permissions.ts';
import { integrityDemand } from '../../engine/stages/sync/app-project/source-integrity.ts';
import { decideSync } from '../../engine/stages/sync/app-project/sync-decision.ts';
import { expandSet } from '../model/expand-set.ts';
import { checkTree } from '../run.ts';
import { declaredTree, type Loose, ROOT, rooted } from './declared.ts';

const PROJECT = 'AppProject.argoproj.io';
const LOCAL = 'https://kubernetes.default.svc';
const REPO = 'https://github.com/pern-gitops/pern-gitops.git';
const before = rooted(PROJECT, 'pern-app');
const production = rooted(PROJECT, 'pern-app-production');
const set = rooted('ApplicationSet.argoproj.io', 'pern-app');

describe('row 1: app of apps', () => {
  const bootstrap: Loose[] = parseAllDocuments(
    readFileSync(join(ROOT, 'pern-gitops/bootstrap/root-app.yaml'), 'utf8'),
  ).map((document) => document.toJS());

  it('one file with one Application and its project is the whole installation', () => {
    expect(bootstrap.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'AppProject pern-platform',
      'Application root',
    ]);
    const reached = declaredTree().deployments.filter(({ via }) => via === 'application');
    expect(reached.map(({ name }) => name)).toEqual([
      'root',
      'pern-app-development',
      'pern-app-production',
      'pern-app-staging',
    ]);
  });

  it('the root may hand out one cluster role, by name, and none that reads secrets', () => {
    const [{ spec }] = bootstrap as [Loose];
    const role = { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole' };
    expect(isKindPermitted(spec, { ...role, name: 'pern-app-metrics-reader' }, false)).toBe(true);
    expect(isKindPermitted(spec, { ...role, name: 'cluster-admin' }, false)).toBe(false);
    const { rules } = rooted('ClusterRole.rbac.authorization.k8s.io', 'pern-app-metrics-reader');
    expect(rules.flatMap(({ resources = [] }: Loose) => resources).sort()).toEqual([
      'endpoints',
      'endpointslices',
      'pods',
      'services',
    ]);
    expect(new Set(rules.flatMap(({ verbs }: Loose) => verbs))).toEqual(new Set(['get', 'list', 'watch']));
  });

  it('leaves the tokens of project roles to Argo CD', () => {
    const [, { spec }] = bootstrap as [Loose, Loose];
    expect(spec.syncPolicy.syncOptions).toContain('RespectIgnoreDifferences=true');
    expect(spec.ignoreDifferences).toContainEqual({
      group: 'argoproj.io',
      kind: 'AppProject',
      jqPathExpressions: ['.spec.roles[].jwtTokens'],
    });
  });
});

describe('row 2: roles', () => {
  const ROLES = ['platform-admin', 'production-admin', 'developer', 'viewer', 'ci-cd'];
  /** Role → what it may do with an Application of the project. */
  const MAY: Record<string, Record<string, readonly string[]>> = {
    'pern-app': {
      'platform-admin': ['get', 'create', 'update', 'delete', 'sync', 'action/argoproj.io/Rollout/abort'],
      'production-admin': ['get'],
      developer: ['get', 'sync', 'action/argoproj.io/Rollout/abort'],
      viewer: ['get'],
      'ci-cd': ['get', 'sync'],
    },
    'pern-app-production': {
      'platform-admin': ['get', 'update', 'delete'],
      'production-admin': ['get', 'sync', 'action/argoproj.io/Rollout/abort'],
      developer: ['get'],
      viewer: ['get'],
      'ci-cd': ['get'],
    },
  };
  const ACTIONS = ['get', 'create', 'update', 'delete', 'sync', 'override', 'action/argoproj.io/Rollout/abort'];

  it.each([before, production])('$metadata.name has the five, valid, each with a group but ci-cd', (project: Loose) => {
    expect(project.spec.roles.map(({ name }: Loose) => name)).toEqual(ROLES);
    expect(validateRoles(project.metadata.name, project.spec.roles)).toEqual([]);
    for (const { name, groups = [] } of project.spec.roles) {
      expect(groups, name).toEqual(name === 'ci-cd' ? [] : [`pern-app:${name}s`]);
    }
  });

  it.each([before, production])('$metadata.name: each role may do this and nothing else', (project: Loose) => {
    const { name } = project.metadata;
    const enforcer = new Enforcer(projectPolicy(project).rules, 'glob');
    for (const role of ROLES) {
      const allowed: string[] = [];
      for (const action of ACTIONS) {
        const request = { resource: 'applications', action, object: `${name}/${name}` };
        if (isAllowed(enforcer, projectSubject(name, role), request)) allowed.push(action);
      }
      expect(allowed, `${name} ${role}`).toEqual(MAY[name]?.[role]);
      const elsewhere = { resource: 'applications', action: 'get', object: 'default/other' };
      expect(isAllowed(enforcer, projectSubject(name, role), elsewhere)).toBe(false);
    }
  });

  function isAllowed(enforcer: Enforcer, subject: string, request: Request): boolean {
    return enforcer.enforce(subject, request).allowed;
  }
});

describe('row 2: what may be deployed where', () => {
  it('the lists hold exactly what the tree needs: no finding, not even a remark', () => {
    const options = { folder: 'pern-gitops', repositories: [], expandSet };
    expect(checkTree(diskFileSystem(ROOT), options).findings).toEqual([]);
  }, 60_000);

  it.each([before, production])('$metadata.name takes nothing from another repository', (project: Loose) => {
    expect(project.spec.sourceRepos).toEqual([REPO]);
  });

  it('only the production project reaches production, and its namespace', () => {
    const at = (namespace: string) => ({ server: LOCAL, name: 'in-cluster', namespace });
    const places = ['development', 'feature-x', 'preview', 'p', 'production', 'pro'].map((one) => `pern-app-${one}`);
    const reach = (project: Loose) =>
      [...places, 'kube-system', 'argocd'].filter((place) => isDestinationPermitted(project.spec, at(place)));
    expect(reach(before)).toEqual(['pern-app-development', 'pern-app-feature-x', 'pern-app-preview']);
    expect(reach(production)).toEqual(['pern-app-production']);
    const namespace = (name: string) => ({ group: '', kind: 'Namespace', name });
    expect(isKindPermitted(before.spec, namespace('pern-app-production'), false)).toBe(false);
    expect(isKindPermitted(before.spec, namespace('pern-app-development'), false)).toBe(true);
  });
});

describe('row 2: when production may be synced', () => {
  const decide = (spec: Loose, isManual: boolean, time: string) =>
    decideSync(spec.syncWindows ?? [], { isManual, nowMs: Date.parse(time) }).allowed;

  it.each([
    ['Monday morning', '2026-03-02T08:30:00+01:00', true],
    ['Monday before work', '2026-03-02T07:30:00+01:00', false],
    ['Friday evening', '2026-03-06T17:30:00+01:00', false],
    ['Saturday noon', '2026-03-07T12:00:00+01:00', false],
    ['Sunday night', '2026-03-08T23:00:00+01:00', false],
    ['a summer morning in Berlin, which is another hour in UTC', '2026-07-01T08:30:00+02:00', true],
  ])('%s', (_when, time, allowed) => {
    expect(decide(production.spec, true, time)).toBe(allowed);
    expect(decide(before.spec, true, time)).toBe(true);
  });

  it('breaking the glass lets a person through, asks for the same signatures, and automates nothing', () => {
    const files = withLine('pern-gitops/kustomization.yaml', 'components:\n  - projects/break-glass\n');
    const { manifests } = kustomizeLibrary(files, 'pern-gitops', undefined);
    const project: Loose = manifests.find(
      ({ kind, metadata }) => kind === 'AppProject' && metadata.name === 'pern-app-production',
    );
    const SATURDAY = '2026-03-07T12:00:00+01:00';
    expect(decide(project.spec, true, SATURDAY)).toBe(true);
    expect(decide(project.spec, false, SATURDAY)).toBe(false);
    expect({ ...project.spec, syncWindows: [] }).toEqual({ ...production.spec, syncWindows: [] });
  });

  /** The files on disk, one of them with a line more. */
  function withLine(path: string, line: string) {
    const disk = diskFileSystem(ROOT);
    const readFile = (file: string) => (file === path ? `${disk.readFile(file)}${line}` : disk.readFile(file));
    return { ...memoryFileSystem({}), readFile, readDirectory: (folder: string) => disk.readDirectory(folder) };
  }
});

describe('row 2: whose commits', () => {
  it('production asks for the same key in both spellings; what comes before asks for none', () => {
    const { signatureKeys, ...current } = production.spec;
    const { sourceIntegrity, ...older } = production.spec;
    const demand = integrityDemand(current, REPO);
    expect(demand).toMatchObject({ demand: 'signatures', history: false });
    expect(integrityDemand(older, REPO)).toEqual(demand);
    expect(signatureKeys).toHaveLength(1);
    expect(sourceIntegrity.git.policies).toHaveLength(1);
    expect(integrityDemand(before.spec, REPO)).toEqual({ demand: 'none' });
  });
});

describe('row 2: orphans', () => {
  const orphan = (project: Loose, group: string, kind: string, name: string) =>
    isOrphan(project.spec, { group, kind, namespace: 'pern-app-production', name });

  it.each([before, production])('$metadata.name warns of what nobody declares', (project: Loose) => {
    expect(orphanWarning(project.spec, 1)).toBe('Application has 1 orphaned resources');
    expect(orphan(project, 'batch', 'Job', 'debugging')).toBe(true);
    expect(orphan(project, '', 'ConfigMap', 'notes')).toBe(true);
  });

  it.each([before, production])('$metadata.name never counts data, secrets, or what a platform adds', (project) => {
    expect(orphan(project, '', 'PersistentVolumeClaim', 'data-postgres-0')).toBe(false);
    expect(orphan(project, '', 'Secret', 'postgres-credentials')).toBe(false);
    expect(orphan(project, '', 'ConfigMap', 'istio-ca-root-cert')).toBe(false);
    expect(orphan(project, '', 'ConfigMap', 'kube-root-ca.crt')).toBe(false);
  });
});

describe('row 3: one set for all environments', () => {
  it('is a matrix of folders and their settings', () => {
    const [{ matrix }] = set.spec.generators;
    expect(matrix.generators.map(({ git }: Loose) => Object.keys(git).sort())).toEqual([
      ['directories', 'repoURL', 'revision'],
      ['files', 'pathParamPrefix', 'repoURL', 'revision'],
    ]);
  });

  it('a new folder is a new Application, and nothing else was edited', () => {
    const folder = 'pern-gitops/apps/pern-app/overlays/preview';
    const disk = diskFileSystem(ROOT);
    const settings = 'stage: development\nproject: pern-app\nslackChannel: previews\nautomated: {prune: true}\n';
    const files = {
      readFile: (path: string) =>
        path === `${folder}/environment.yaml` ? settings : path.startsWith(folder) ? undefined : disk.readFile(path),
      readDirectory: (path: string) => {
        if (path === folder) return ['environment.yaml'];
        if (path.startsWith(`${folder}/`)) return undefined;
        const names = disk.readDirectory(path);
        return names !== undefined && path.endsWith('/overlays') ? [...names, 'preview'] : names;
      },
    };
    const applications: Loose[] = [...expandSet(set, files as never)];
    expect(applications.map(({ metadata }) => metadata.name).sort()).toEqual([
      'pern-app-development',
      'pern-app-preview',
      'pern-app-production',
      'pern-app-staging',
    ]);
    const preview = applications.find(({ metadata }) => metadata.name === 'pern-app-preview');
    expect(preview.spec.destination.namespace).toBe('pern-app-preview');
    expect(preview.metadata.labels['pern-gitops.dev/stage']).toBe('development');
  });

  it('policies are by environment: healed, followed, by approval', () => {
    const applications: Loose[] = [...expandSet(set, diskFileSystem(ROOT))];
    const automated = Object.fromEntries(
      applications.map(({ metadata, spec }) => [metadata.name, spec.syncPolicy.automated]),
    );
    expect(automated).toEqual({
      'pern-app-development': { prune: true, selfHeal: true },
      'pern-app-staging': { prune: true, selfHeal: false },
      'pern-app-production': undefined,
    });
    for (const { metadata } of applications) {
      expect(metadata.finalizers).toEqual(['resources-finalizer.argocd.argoproj.io']);
      const subscribed = Object.keys(metadata.annotations).map((key) => key.replace(/^.*subscribe\./, ''));
      expect(subscribed.sort()).toEqual(
        ['on-health-degraded', 'on-sync-failed', 'on-sync-succeeded'].flatMap((trigger) =>
          ['releases', 'slack'].map((service) => `${trigger}.${service}`),
        ),
      );
    }
  });

  it('goes through the stages, and production waits for a person', () => {
    const { type, rollingSync } = set.spec.strategy;
    expect(type).toBe('RollingSync');
    expect(
      rollingSync.steps.map(({ matchExpressions: [one], maxUpdate }: Loose) => [one.values[0], maxUpdate]),
    ).toEqual([
      ['development', undefined],
      ['staging', undefined],
      ['production', 0],
    ]);
  });

  it('leaves to controllers what they write', () => {
    const { ignoreDifferences, syncPolicy } = set.spec.template.spec;
    expect(syncPolicy.syncOptions).toEqual(['RespectIgnoreDifferences=true']);
    expect(ignoreDifferences.map(({ kind }: Loose) => kind)).toEqual(['Rollout', 'Service', 'HTTPRoute']);
  });
});
