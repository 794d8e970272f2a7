import type { Issue } from '../finding.ts';
import { isRecord, textAt } from '../model/placed-object.ts';
import type { Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';

/** Files that are read by programs other than Argo CD, by name. */
const OTHER_FILES =
  /(^|\/)(\.[^/]+|package(-lock)?\.json|tsconfig[^/]*\.json|Chart\.yaml|values[^/]*\.yaml|renovate\.json|docker-compose[^/]*\.ya?ml|compose\.ya?ml)$/;

const unreached: Rule = {
  id: 'files/unreached',
  severity: 'error',
  summary: 'a manifest that no kustomization and no Application includes',
  why:
    'Argo CD deploys what a source renders, not what lies in a folder. A patch or an object that no kustomization lists has no effect, ' +
    'and nothing says so: the usual fate of a canary patch that was written and never referenced.',
  example: {
    bad: 'resources: [backend.yaml]   # rollout-patch.yaml lies beside it',
    good: 'resources: [backend.yaml]\npatches: [{path: rollout-patch.yaml}]',
  },
  *check(tree) {
    if (tree.kustomizations.size === 0) return;
    const read = filesRead(tree);
    for (const { path, documents } of tree.sources.values()) {
      if (read.has(path) || OTHER_FILES.test(path) || !isBesideKustomization(tree, path)) continue;
      // Of a component that nobody uses, the component is reported, once.
      if (isListedByComponent(tree, path)) continue;
      const first = documents.find(({ value }) => isManifest(value));
      if (first === undefined || isAppliedByHand(first.value)) continue;
      yield {
        at: first.at,
        message: `nothing includes ${path.slice(path.lastIndexOf('/') + 1)}`,
        fix: 'list it in the kustomization beside it, under resources or patches, or delete it',
      };
    }
  },
};

const unusedKustomization: Rule = {
  id: 'files/unused-component',
  severity: 'warning',
  summary: 'a Kustomize Component that no kustomization uses',
  why: 'It is maintained and reviewed, and changes nothing. A component that is an offer to other teams deserves a suppression that says so.',
  example: { bad: 'components: []', good: 'components: [../../components/high-availability]' },
  *check(tree): Generator<Issue> {
    const read = filesRead(tree);
    for (const [directory, kind] of tree.kustomizations) {
      if (kind !== 'Component') continue;
      const file = [...tree.sources.keys()].find(
        (path) => path.startsWith(`${directory}/kustomization`) || path === `${directory}/Kustomization`,
      );
      if (file === undefined || read.has(file)) continue;
      yield { at: { file, line: 1, column: 1 }, message: `no kustomization uses the component ${directory}` };
    }
  },
};

const foreignSyntax: Rule = {
  id: 'files/foreign-template',
  severity: 'error',
  summary: 'template syntax of another tool that nobody renders',
  why:
    'Kustomize and Argo CD pass text through as it is: `{{ .Values.tag }}` or `${TAG}` reaches the cluster literally. ' +
    'Only Argo Rollouts (args in analysis), ApplicationSets and notification templates have placeholders of their own.',
  example: { bad: 'image: shop/web:${TAG}', good: 'image: shop/web:1.4.2   # set by images: in kustomization.yaml' },
  *check(tree) {
    for (const object of tree.objects) {
      if (HAS_PLACEHOLDERS.has(object.kind)) continue;
      for (const { path, text } of placeholders(object.value)) {
        const found = FOREIGN.exec(text)?.[0];
        if (found === undefined) continue;
        yield {
          at: object.place(path),
          object: object.title,
          message: `"${found}" would reach the cluster as it is`,
          fix: 'write the value, or let a kustomization set it (images, replacements, patches)',
          deployments: tree.deploymentsOf(object).map(({ name }) => name),
        };
      }
    }
  },
};

/** `{{ .Values.x }}`, `{{ include … }}`, `<% %>`, `${VAR}` with nothing before it that would make it shell. */
const FOREIGN =
  /\{\{[-\s]*(\.Values|\.Release|\.Chart|include\s|template\s|tpl\s)[^}]*\}\}|<%=?\s.*?%>|^[^$]*\$\{[A-Z_][A-Z0-9_]*\}/;
/** Kinds whose fields hold templates of their own. */
const HAS_PLACEHOLDERS = new Set([
  'ApplicationSet',
  'ConfigMap',
  'Secret',
  'ExternalSecret',
  'PrometheusRule',
  'Workflow',
  'WorkflowTemplate',
]);

/** Texts of an object but those that shells and containers expand themselves. */
function* placeholders(value: Readonly<Record<string, unknown>>) {
  for (const found of textsOf(value, [])) {
    if (found.path.some((step) => step === 'command' || step === 'args' || step === 'annotations')) continue;
    yield found;
  }
}

function* textsOf(
  value: unknown,
  path: readonly (string | number)[],
): Generator<{ path: readonly (string | number)[]; text: string }> {
  if (typeof value === 'string') yield { path, text: value };
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* textsOf(item, [...path, index]);
  else if (isRecord(value)) for (const [key, item] of Object.entries(value)) yield* textsOf(item, [...path, key]);
}

function filesRead(tree: Tree): Set<string> {
  return new Set(tree.deployments.filter(({ via }) => via !== 'files').flatMap(({ read }) => [...read]));
}

/** In a folder with a kustomization, or below one: its author meant it to be part of the tree. */
function isBesideKustomization(tree: Tree, path: string): boolean {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  return tree.kustomizations.has(folder);
}

/** Whether the component of the file's folder names the file among its resources or patches. */
function isListedByComponent(tree: Tree, path: string): boolean {
  const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
  if (tree.kustomizations.get(folder) !== 'Component') return false;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return ['kustomization.yaml', 'kustomization.yml', 'Kustomization'].some((file) =>
    (tree.sources.get(`${folder}/${file}`)?.documents ?? []).some(({ value }) => {
      if (!isRecord(value)) return false;
      const { resources, patches } = value;
      const paths = Array.isArray(patches) ? patches.map((patch) => textAt(patch, 'path')) : [];
      return [...(Array.isArray(resources) ? resources : []), ...paths].some((entry) => entry === name);
    }),
  );
}

function isManifest(value: unknown): boolean {
  if (Array.isArray(value))
    return value.length > 0 && value.every((item) => textAt(item, 'op') !== '' && textAt(item, 'path') !== '');
  return (
    textAt(value, 'kind') !== '' && textAt(value, 'kind') !== 'Kustomization' && textAt(value, 'kind') !== 'Component'
  );
}

/** The root of an app of apps is applied by a person. */
function isAppliedByHand(value: unknown): boolean {
  return ['Application', 'ApplicationSet', 'AppProject'].includes(textAt(value, 'kind'));
}

export const FILES: readonly Rule[] = [unreached, unusedKustomization, foreignSyntax];
