import { type RepositoryAccess, repositoryAccess } from '#edges/real/git/repository-access.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Store, WatchEvent } from '#store/store.ts';

const CONTROL_PLANE = 'argocd';
const REFRESH = 'argocd.argoproj.io/refresh';

/** How a remote repository is read, by what Argo CD's Secrets and known hosts say now. */
export function storedAccess(store: Store, repoURL: string): RepositoryAccess {
  const hosts = store.get('ConfigMap', CONTROL_PLANE, 'argocd-ssh-known-hosts-cm')?.data?.ssh_known_hosts;
  return repositoryAccess(repoURL, store.list('Secret', CONTROL_PLANE), hosts);
}

/** Looks at the repositories of an Application as soon as somebody asks for its refresh. Returns the end of that. */
export function refreshOnRequest(store: Store, refresh: (repoURL: string) => void): () => void {
  return store.subscribe((event) => {
    if (event.object.kind !== 'Application' || !isNewlyAsked(event)) return;
    const { source, sources = source === undefined ? [] : [source] } = event.object.spec as Sources;
    for (const repoURL of new Set(sources.map((one) => one.repoURL))) if (repoURL !== undefined) refresh(repoURL);
  });
}

interface Sources {
  source?: { repoURL?: string };
  sources?: readonly { repoURL?: string }[];
}

function isNewlyAsked({ object, previous }: WatchEvent): boolean {
  const asked = (one: KubeObject | undefined) => one?.metadata.annotations?.[REFRESH] !== undefined;
  return asked(object) && !asked(previous);
}
