import type { KindMap } from '../../engine/vocabulary/kube/kinds.ts';

export type Application = KindMap['Application.argoproj.io'];

/** An environment is an Application that an ApplicationSet made; its name is the last folder of the source path. */
export function environmentName(application: Application): string | undefined {
  const isGenerated = application.metadata.ownerReferences?.some(({ kind }) => kind === 'ApplicationSet') ?? false;
  if (!isGenerated) return undefined;
  const path = application.spec.source?.path ?? application.spec.sources?.[0]?.path;
  return path?.split('/').findLast((part) => part !== '') ?? application.metadata.name;
}

/** Where releases go first comes first; names that are not in this list follow by name. */
const USUAL_ORDER = ['development', 'dev', 'test', 'staging', 'production', 'prod'];

export function compareEnvironments(a: string, b: string): number {
  const rank = (name: string) => (USUAL_ORDER.includes(name) ? USUAL_ORDER.indexOf(name) : USUAL_ORDER.length);
  return rank(a) - rank(b) || (a < b ? -1 : Number(a > b));
}

/** Environment → namespace, in the order releases travel. */
export function environmentNamespaces(applications: readonly Application[]): Map<string, string> {
  const pairs = applications.flatMap((application) => {
    const name = environmentName(application);
    return name === undefined ? [] : [[name, application.spec.destination?.namespace ?? ''] as const];
  });
  return new Map(pairs.sort(([a], [b]) => compareEnvironments(a, b)));
}
