import { type LabelSelector, matchesSelector } from '#kube/selector.ts';
import { normalize } from '#lib/gotemplate/index.ts';
import { type ClusterSecret, type GeneratorContext, refuseOthers } from './inputs.ts';
import { checkSelector } from './selection.ts';
import type { ClusterGenerator, Params } from './types.ts';
import { withValues } from './values.ts';

const LOCAL = { name: 'in-cluster', server: 'https://kubernetes.default.svc' };

/**
 * The parameter sets of the clusters generator (argo-cd.md §2.4, cases cd/A17-A20): clusters of matching Secrets by name,
 * then the local one, unless a selector is given (it has no labels) or a Secret describes it.
 */
export function generateFromClusters(generator: ClusterGenerator, context: GeneratorContext): Params[] {
  refuseOthers(generator, KNOWN, context.field);
  const selector: LabelSelector = generator.selector ?? {};
  checkSelector(selector, `${context.field}.selector`);
  const byName = new Map(
    context.clusters.filter(({ labels }) => matchesSelector(selector, labels)).map((found) => [found.name, found]),
  );
  const found = [...byName.keys()].sort().map((name) => byName.get(name) as ClusterSecret);
  const sets: Params[] = found.map((cluster) => clusterParams(cluster, context.templating.go));
  const isSelective =
    Object.keys(selector.matchLabels ?? {}).length > 0 || (selector.matchExpressions ?? []).length > 0;
  if (!isSelective && !found.some(({ server }) => server === LOCAL.server)) {
    sets.push({ name: LOCAL.name, nameNormalized: LOCAL.name, server: LOCAL.server, project: '' });
  }
  const params = sets.map((set) => withValues(set, generator.values, context.templating));
  return generator.flatList === true ? [{ clusters: params }] : params;
}

const KNOWN = new Set(['selector', 'values', 'flatList', 'template']);

function clusterParams({ name, server, project, labels, annotations }: ClusterSecret, go: boolean): Params {
  const plain = { name, nameNormalized: normalize(name), server, project };
  if (go) {
    const metadata = {
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    };
    return { ...plain, metadata };
  }
  const flat = (prefix: string, map: Readonly<Record<string, string>>) =>
    Object.entries(map).map(([key, value]) => [`metadata.${prefix}.${key}`, value]);
  return { ...plain, ...Object.fromEntries([...flat('annotations', annotations), ...flat('labels', labels)]) };
}
