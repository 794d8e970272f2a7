import type { Answers } from '../engine/mechanism/control/plan.ts';
import { DEFAULT_CONFIG } from '../engine/stages/sync/application/config.ts';
import { expandApplicationSet } from '../engine/stages/sync/application-set/expand.ts';
import { planApplicationSet } from '../engine/stages/sync/application-set/plan.ts';
import type { ApplicationSet, ApplicationSetSpec } from '../engine/stages/sync/application-set/types.ts';
import type { KubeObject } from '../engine/vocabulary/kube/object.ts';
import type { BenchContext } from './context.ts';
import type { Row } from './samples.ts';

const COUNT = 10_000;
const ROUNDS = 5;
const REPO_URL = 'https://example.com/team/shop.git';
const NOW_MS = Date.parse('2026-01-05T09:00:00Z');

/** 100 clusters times 100 directories of a repository, rendered with Go templates, as pern-gitops' own set is. */
const SPEC: ApplicationSetSpec = {
  goTemplate: true,
  goTemplateOptions: ['missingkey=error'],
  generators: [
    {
      matrix: {
        generators: [
          { git: { repoURL: REPO_URL, revision: 'HEAD', directories: [{ path: 'apps/*' }] } },
          {
            list: { elements: Array.from({ length: 100 }, (_, index) => ({ cluster: `c${index}`, tier: index % 3 })) },
          },
        ],
      },
    },
  ],
  template: {
    metadata: {
      name: '{{.path.basename}}-{{.cluster}}',
      labels: { app: '{{.path.basenameNormalized}}', tier: '{{ printf "tier-%v" .tier }}' },
      annotations: { 'example.com/slug': '{{ slugify 30 true .path.path }}' },
    },
    spec: {
      project: 'default',
      source: { repoURL: REPO_URL, targetRevision: 'HEAD', path: '{{.path.path}}' },
      destination: { server: 'https://kubernetes.default.svc', namespace: '{{.path.basename}}-{{.cluster}}' },
      syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ['CreateNamespace=true'] },
    },
  },
};

const directories = Array.from({ length: 100 }, (_, index) => `apps/app${index}`);
const answers: Answers = {
  of: (question) =>
    (question.ask === 'revision'
      ? { ok: true, value: { sha: 'a'.repeat(40) } }
      : { ok: true, value: { directories, files: [] } }) as never,
};

/** An ApplicationSet of 10,000 Applications: generated from nothing, and looked at again when nothing has changed. */
export function measureApplicationSets(_context: BenchContext): Row[] {
  const ask = answers.of;
  const expandMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const made = expandApplicationSet(SPEC, 'argocd', { ask, clusters: [] });
    expandMs.push(performance.now() - began);
    if (made.length !== COUNT) throw new Error(`${made.length} Applications instead of ${COUNT}`);
  }
  const bench = 'application-sets';
  const aim = { comparison: '≤', value: 1000 } as const;
  return [
    { bench, name: 'ApplicationSet, 10,000 Applications generated', unit: 'ms', values: expandMs, aim },
    { bench, name: 'the same set planned again, nothing changed', unit: 'ms', values: measureUnchanged(), aim },
  ];
}

function measureUnchanged(): number[] {
  const metadata = {
    name: 'shops',
    namespace: 'argocd',
    uid: 'uid-shops',
    resourceVersion: '1',
    creationTimestamp: '',
  };
  const set = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata,
    spec: SPEC,
  } as unknown as ApplicationSet;
  const owner = { apiVersion: set.apiVersion, kind: set.kind, name: 'shops', uid: 'uid-shops', controller: true };
  const owned = expandApplicationSet(SPEC, 'argocd', { ask: answers.of, clusters: [] }).map(
    (application) =>
      ({
        ...structuredClone(application),
        metadata: { ...application.metadata, ownerReferences: [owner] },
      }) as KubeObject,
  );
  const observation = {
    set,
    config: DEFAULT_CONFIG,
    applications: new Map(owned.map((application) => [application.metadata.name, application])),
    owned,
    projects: new Set(['default']),
    clusters: [],
    answers,
  };
  return Array.from({ length: ROUNDS }, () => {
    const began = performance.now();
    const plan = planApplicationSet(observation, NOW_MS);
    const took = performance.now() - began;
    const writes = plan.effects.filter(({ effect }) => effect !== 'ask').length;
    if (writes > 0) throw new Error(`an unchanged set led to ${writes} writes`);
    return took;
  });
}
