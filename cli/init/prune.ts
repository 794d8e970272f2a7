import { isMap, isScalar, visit } from 'yaml';
import { editDocuments, isEmptyList, removeItems, textAt } from './documents.ts';

/** What an application of this kind may be made of. */
export const COMPONENTS = ['backend', 'frontend', 'database', 'redis'] as const;
export type Component = (typeof COMPONENTS)[number];

/** Everything in the tree that goes with components which the application does not have. */
interface Removal {
  /** Values of app.kubernetes.io/name. */
  workloads: ReadonlySet<string>;
  templates: ReadonlySet<string>;
  secrets: ReadonlySet<string>;
  /** Beginnings of settings in configMapGenerator's literals. */
  settings: readonly string[];
  /** What names of the removed look like in metrics queries. */
  queries: readonly RegExp[];
  /** Whom the analyses ask whether the dependencies answer, by the value that stands in the tree. */
  dependencies: Readonly<Record<string, string>>;
}

/** The tree with the missing components taken out: files, documents, and every list entry about them. */
export function pruneComponents(
  files: ReadonlyMap<string, string>,
  components: readonly Component[],
): Map<string, string> {
  const removal = removalOf(components);
  if (removal.workloads.size === 0) return new Map(files);
  const edited = new Map<string, string>();
  const gone = new Set<string>();
  for (const [path, text] of files) {
    // Tests of alerts speak of all components.
    const isTest = /\.test\.ya?ml$/.test(path);
    const next = isTest ? undefined : /\.ya?ml$/.test(path) ? pruneFile(text, removal) : text;
    if (next === undefined) gone.add(path);
    else edited.set(path, next);
  }
  for (const [path, text] of edited) {
    if (path.endsWith('/kustomization.yaml')) edited.set(path, withoutFiles(path, text, gone));
  }
  return edited;
}

function removalOf(components: readonly Component[]): Removal {
  const has = (component: Component) => components.includes(component);
  const workloads: string[] = [];
  const templates: string[] = [];
  const secrets: string[] = [];
  const settings: string[] = [];
  const queries: RegExp[] = [];
  if (!has('frontend')) {
    workloads.push('frontend');
    templates.push('frontend-performance', 'frontend-smoke');
    queries.push(/service="frontend-metrics"/);
  }
  if (!has('backend')) {
    workloads.push('backend');
    templates.push('success-rate', 'latency');
    queries.push(/service="backend-metrics"/);
  }
  if (!has('database')) {
    workloads.push('postgres', 'migration');
    templates.push('database-performance');
    secrets.push('postgres-credentials');
    settings.push('PGHOST=', 'PGPORT=', 'PG_POOL_MAX=');
    queries.push(/\bdb_(pool|query)_/, /statefulset="postgres"/);
  }
  if (!has('redis')) {
    workloads.push('redis');
    settings.push('REDIS_URL=');
    queries.push(/statefulset="redis"/);
  }
  const asked = [...(has('database') ? ['postgres'] : []), ...(has('redis') ? ['redis'] : [])];
  return {
    workloads: new Set(workloads),
    templates: new Set(templates),
    secrets: new Set(secrets),
    settings,
    queries,
    dependencies: {
      // A component that depends on nobody asks about its own Service.
      'postgres|redis': asked.length === 0 ? 'backend-stable' : asked.join('|'),
      'backend-stable': has('backend') ? 'backend-stable' : 'frontend-stable',
    },
  };
}

function pruneFile(text: string, removal: Removal): string | undefined {
  return editDocuments(text, (document) => {
    const root = document.contents;
    if (isAboutRemoved(root, removal)) return 'gone';
    let changed = removeItems(root, (item, list) => goes(item, list, removal));
    if (replaceDependencies(root, removal)) changed = true;
    if (dropAlternatives(root, removal)) changed = true;
    return changed ? 'changed' : 'same';
  });
}

/** An object of a removed workload, by its label, or as a patch by its name; or one of its analysis templates. */
function isAboutRemoved(root: unknown, { workloads, templates }: Removal): boolean {
  const kind = textAt(root, 'kind');
  const name = textAt(root, 'metadata', 'name');
  if (workloads.has(textAt(root, 'metadata', 'labels', 'app.kubernetes.io/name'))) return true;
  if (kind === 'ClusterAnalysisTemplate' || kind === 'AnalysisTemplate') return templates.has(name);
  return (
    ['Rollout', 'StatefulSet', 'HorizontalPodAutoscaler', 'PodDisruptionBudget'].includes(kind) && workloads.has(name)
  );
}

function goes(item: unknown, list: string, removal: Removal): boolean {
  const { workloads, templates, secrets, settings, queries } = removal;
  if (isScalar(item)) {
    const value = String(item.value);
    if (list === 'literals') return settings.some((start) => value.startsWith(start));
    return list === 'resourceNames' && secrets.has(value);
  }
  if (!isMap(item)) return false;
  switch (list) {
    case 'images':
      return workloads.has(textAt(item, 'name').split('/').at(-1) ?? '');
    case 'configMapGenerator':
      return workloads.has(textAt(item, 'name').replace(/-config$/, ''));
    case 'patches':
      return workloads.has(textAt(item, 'target', 'name'));
    case 'templates':
      return templates.has(textAt(item, 'templateName'));
    case 'env':
      return secrets.has(textAt(item, 'valueFrom', 'secretKeyRef', 'name'));
    case 'from':
    case 'to':
      return workloads.has(textAt(item, 'podSelector', 'matchLabels', 'app.kubernetes.io/name'));
    case 'ingress':
      return isEmptyList(item, 'from');
    case 'egress':
      return isEmptyList(item, 'to');
    case 'rules':
      return isEmptyList(item, 'resourceNames') || queries.some((query) => query.test(textAt(item, 'expr')));
    case 'groups':
      return isEmptyList(item, 'rules');
    default:
      return false;
  }
}

function replaceDependencies(root: unknown, { dependencies }: Removal): boolean {
  let changed = false;
  visit(root as never, {
    Map(_, item) {
      if (item.get('name') !== 'dependencies') return;
      const value = String(item.get('value') ?? '');
      const next = dependencies[value];
      if (next === undefined || next === value) return;
      item.set('value', next);
      changed = true;
    },
  });
  return changed;
}

/** `service=~"backend-metrics|frontend-metrics"` without the one that is gone. */
function dropAlternatives(root: unknown, { workloads }: Removal): boolean {
  const names = [...workloads].map((name) => `${name}-metrics`).join('|');
  if (names === '') return false;
  const alternative = new RegExp(`\\|(?:${names})\\b|\\b(?:${names})\\|`, 'g');
  let changed = false;
  visit(root as never, {
    Scalar(_, scalar) {
      if (typeof scalar.value !== 'string' || scalar.value.search(alternative) < 0) return;
      scalar.value = scalar.value.replace(alternative, '');
      changed = true;
    },
  });
  return changed;
}

/** A kustomization without the entries of files that are gone. */
function withoutFiles(path: string, text: string, gone: ReadonlySet<string>): string {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const isGone = (entry: unknown) => gone.has(`${folder}${String(entry)}`);
  return (
    editDocuments(text, (document) => {
      const changed = removeItems(document.contents, (item, list) =>
        isScalar(item)
          ? list === 'resources' && isGone(item.value)
          : list === 'patches' && isGone(textAt(item, 'path')),
      );
      return changed ? 'changed' : 'same';
    }) ?? text
  );
}
