import {
  isDestinationPermitted,
  isKindPermitted,
  isSourcePermitted,
  type ProjectSpec,
} from '../../engine/stages/sync/app-project/permissions.ts';
import { findKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { Issue } from '../finding.ts';
import { sourcesOf } from '../model/deployments.ts';
import { elementsAt, mapAt, stringAt } from '../model/fields.ts';
import { about } from '../model/lookup.ts';
import type { PlacedObject } from '../model/placed-object.ts';
import type { Deployment, Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';

const forbids: Rule = {
  id: 'project/forbids',
  severity: 'error',
  summary: 'a project that does not permit what its own Application deploys',
  why: 'Argo CD refuses the Application (InvalidSpecError) for its repository or destination, and fails the sync for a kind: "resource … is not permitted in project …".',
  example: {
    bad: 'namespaceResourceWhitelist: [{group: "", kind: Service}]   # the Application has a ConfigMap too',
    good: 'namespaceResourceWhitelist: [{group: "", kind: Service}, {group: "", kind: ConfigMap}]',
  },
  *check(tree) {
    for (const deployment of tree.deployments) {
      const project = projectOf(tree, deployment);
      if (project !== undefined) yield* checkDeployment(tree, deployment, project);
    }
  },
};

function projectOf(tree: Tree, { application }: Deployment): PlacedObject | undefined {
  const name = stringAt(application?.value, ['spec', 'project']);
  return tree.byKind('AppProject.argoproj.io').find((candidate) => candidate.name === name);
}

function* checkDeployment(tree: Tree, deployment: Deployment, project: PlacedObject): Generator<Issue> {
  const application = deployment.application as PlacedObject;
  const spec = mapAt(project.value, ['spec']) as ProjectSpec;
  const related = (field: string) => [{ at: project.place(['spec', field]), message: `${project.title} permits` }];
  for (const { repoURL } of sourcesOf(mapAt(application.value, ['spec']))) {
    if (isSourcePermitted(spec, repoURL)) continue;
    yield {
      ...about(tree, application, ['spec', 'source', 'repoURL']),
      message: `project ${project.name} does not permit the repository ${repoURL}`,
      related: related('sourceRepos'),
    };
  }
  const {
    server = '',
    name = '',
    namespace = '',
  } = mapAt(application.value, ['spec', 'destination']) as Record<string, string>;
  // The local cluster has a name and an address; a project may use either.
  const isLocal = server === 'https://kubernetes.default.svc' || name === 'in-cluster';
  const cluster = isLocal ? { server: 'https://kubernetes.default.svc', name: 'in-cluster' } : { server, name };
  if (!isDestinationPermitted(spec, { ...cluster, namespace })) {
    yield {
      ...about(tree, application, ['spec', 'destination']),
      message: `project ${project.name} does not permit the destination ${server || name}, namespace ${namespace}`,
      related: related('destinations'),
    };
  }
  const told = new Set<string>();
  for (const object of deployment.objects) {
    const kind = findKind(object.kindId);
    if (kind === undefined) continue;
    const { group } = kind;
    if (!isKindPermitted(spec, { group, kind: object.kind, name: object.name }, kind.namespaced)) {
      if (told.has(object.kindId)) continue;
      told.add(object.kindId);
      yield {
        ...about(tree, object, ['kind']),
        message: `project ${project.name} does not permit ${group === '' ? '' : `${group}/`}${object.kind}`,
        fix: `add it to ${kind.namespaced ? 'namespaceResourceWhitelist' : 'clusterResourceWhitelist'}`,
        related: related(kind.namespaced ? 'namespaceResourceWhitelist' : 'clusterResourceWhitelist'),
      };
    } else if (
      kind.namespaced &&
      object.namespace !== namespace &&
      !isDestinationPermitted(spec, { ...cluster, namespace: object.namespace })
    ) {
      yield {
        ...about(tree, object, ['metadata', 'namespace']),
        message: `project ${project.name} does not permit the namespace ${object.namespace}`,
        related: related('destinations'),
      };
    }
  }
}

const open: Rule = {
  id: 'project/allows-everything',
  severity: 'warning',
  summary: 'a project that permits any repository to deploy anywhere, or any cluster-wide kind',
  why: 'Whoever can create an Application in it can deploy a ClusterRoleBinding from a repository of his own: the project governs nothing.',
  example: {
    bad: 'sourceRepos: ["*"]\ndestinations: [{server: "*", namespace: "*"}]',
    good: 'sourceRepos: [https://git.example.com/shop.git]\ndestinations: [{server: https://kubernetes.default.svc, namespace: shop-*}]',
  },
  *check(tree): Generator<Issue> {
    for (const project of tree.byKind('AppProject.argoproj.io')) {
      const spec = mapAt(project.value, ['spec']);
      const anySource = Array.isArray(spec.sourceRepos) && spec.sourceRepos.includes('*');
      const anyPlace = elementsAt(project.value, ['spec', 'destinations']).some(
        ({ value }) => value.namespace === '*' && (value.server === '*' || value.name === '*'),
      );
      if (anySource && anyPlace)
        yield {
          ...about(tree, project, ['spec', 'sourceRepos']),
          message: `project ${project.name} permits every repository and every destination`,
        };
      for (const { path, value } of elementsAt(project.value, ['spec', 'clusterResourceWhitelist'])) {
        if (value.group === '*' && value.kind === '*')
          yield {
            ...about(tree, project, path),
            message: `project ${project.name} permits every cluster-wide kind`,
            fix: 'list the kinds that are deployed',
          };
      }
    }
  },
};

const unused: Rule = {
  id: 'project/unused-permission',
  severity: 'info',
  summary: 'a kind that a project permits and none of its Applications deploys',
  why: 'Least privilege: what nobody needs, nobody should be able to do. The list also documents what the project is for.',
  example: { bad: 'clusterResourceWhitelist: [{group: "", kind: Node}]', good: 'leave it out' },
  *check(tree): Generator<Issue> {
    for (const project of tree.byKind('AppProject.argoproj.io')) {
      const deployments = tree.deployments.filter((deployment) => projectOf(tree, deployment) === project);
      // What is rendered elsewhere may need more.
      if (
        deployments.length === 0 ||
        deployments.some(({ elsewhere, failures }) => elsewhere.length + failures.length > 0)
      )
        continue;
      const kinds = new Set(deployments.flatMap(({ objects }) => objects.map(({ kindId }) => kindId)));
      for (const field of ['clusterResourceWhitelist', 'namespaceResourceWhitelist']) {
        for (const { path, value } of elementsAt(project.value, ['spec', field])) {
          const { group = '', kind = '' } = value as Record<string, string>;
          const kindId = group === '' ? kind : `${kind}.${group}`;
          if (`${group}${kind}`.includes('*') || kinds.has(kindId)) continue;
          yield {
            ...about(tree, project, path),
            message: `no Application of ${project.name} deploys ${group === '' ? '' : `${group}/`}${kind}`,
          };
        }
      }
    }
  },
};

export const PROJECTS: readonly Rule[] = [forbids, open, unused];
