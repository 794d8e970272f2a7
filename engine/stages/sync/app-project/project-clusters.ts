import type { KubeObject } from '#kube/object.ts';

const SECRET_TYPE = 'argocd.argoproj.io/secret-type';

/**
 * The clusters that belong to a project: Secrets of type `cluster` whose `project` names it (argo-cd.md §1.3). They
 * matter only to projects with `permitOnlyProjectScopedClusters`.
 */
export function clustersOfProject(
  secrets: readonly KubeObject[],
  projectName: string,
): { server: string; name: string }[] {
  return secrets
    .filter(isClusterSecret)
    .map((secret) => ({
      project: textOf(secret, 'project'),
      server: textOf(secret, 'server'),
      name: textOf(secret, 'name'),
    }))
    .filter(({ project }) => project === projectName)
    .map(({ server, name }) => ({ server, name }));
}

export function isClusterSecret({ metadata }: KubeObject): boolean {
  return metadata.labels?.[SECRET_TYPE] === 'cluster';
}

/** A value of a Secret, whose data is base64 of UTF-8. */
function textOf(secret: KubeObject, key: string): string {
  const plain = (secret.stringData as Record<string, string> | undefined)?.[key];
  if (plain !== undefined) return plain;
  const encoded = (secret.data as Record<string, string> | undefined)?.[key] ?? '';
  return new TextDecoder().decode(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)));
}
