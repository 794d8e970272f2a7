import type { Reader } from '../../engine/mechanism/store/store.ts';
import type { ObjectOf } from '../../engine/vocabulary/kube/kinds.ts';

export type Rollout = ObjectOf<'Rollout.argoproj.io'>;
export type Application = ObjectOf<'Application.argoproj.io'>;

/** An environment as people name it: one Application that runs something. */
export interface Environment {
  name: string;
  application: string;
  namespace: string;
  /** Folder of its source in the repository. */
  folder: string;
  components: readonly Component[];
}

export interface Component {
  name: string;
  image: string;
  steps: readonly Record<string, unknown>[];
}

/** The environments of an installed tree, sorted by name. Applications of Applications are none. */
export function environmentsOf(objects: Reader): Environment[] {
  const applications = objects.list('Application.argoproj.io').filter((application) => !isParent(application));
  const basenames = applications.map((application) => basename(folderOf(application)));
  return applications
    .map((application, index) => {
      const short = basenames[index] as string;
      const isUnique = short !== '' && basenames.filter((other) => other === short).length === 1;
      const name = application.metadata?.name ?? '';
      const namespace = application.spec?.destination?.namespace ?? '';
      const rollouts = objects.list('Rollout.argoproj.io', namespace);
      return {
        name: isUnique ? short : name,
        application: name,
        namespace,
        folder: folderOf(application),
        components: rollouts.map((rollout) => ({
          name: rollout.metadata?.name ?? '',
          image: splitImage(imageOf(rollout)).name,
          steps: (rollout.spec?.strategy?.canary?.steps ?? []) as unknown as Record<string, unknown>[],
        })),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isParent({ status }: Application): boolean {
  const kinds = (status?.resources ?? []) as { kind?: string }[];
  return kinds.some(({ kind }) => kind === 'Application' || kind === 'ApplicationSet');
}

function folderOf({ spec }: Application): string {
  return (spec?.source?.path ?? spec?.sources?.find(({ path }) => path !== undefined)?.path ?? '').replace(/\/$/, '');
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The image of the first container. */
export function imageOf(rollout: Rollout): string {
  return rollout.spec?.template?.spec?.containers?.[0]?.image ?? '';
}

/** `registry/name:tag` in two; a digest counts as the tag. */
export function splitImage(image: string): { name: string; tag: string } {
  const match = /^(.+?)(?::([\w][\w.-]*))?(?:@(.+))?$/.exec(image);
  return { name: match?.[1] ?? image, tag: match?.[2] ?? match?.[3] ?? 'latest' };
}

/** Services of a Rollout → its name: whose requests a route carries. */
export function componentOfService(objects: Reader, namespace: string): (service: string) => string | undefined {
  const names = new Map<string, string>();
  for (const { metadata, spec } of objects.list('Rollout.argoproj.io', namespace)) {
    const { canary, blueGreen } = spec?.strategy ?? {};
    for (const service of [canary?.stableService, canary?.canaryService, blueGreen?.activeService]) {
      if (service !== undefined) names.set(service, metadata?.name ?? '');
    }
  }
  return (service) => names.get(service);
}
