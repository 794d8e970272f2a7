import type { Resources } from '#api/resources.ts';
import { canonicalJson } from '#core/json.ts';
import type { SourcePort } from '#edges/ports.ts';
import type { KubeObject } from '#kube/object.ts';
import type { RenderSource } from '#machine/questions.ts';
import { askOnce } from '../root-application.ts';
import { followedTag } from '../root-overrides.ts';

/**
 * On the root Application: JSON, Application → commit at HEAD that would deploy something else than what was approved. An
 * Application that follows a tag cannot say so by being OutOfSync.
 */
export const WAITING_ANNOTATION = 'pern-gitops.dev/waits-for-approval';

const APPLICATION = 'Application.argoproj.io';
const CONTROL_PLANE = 'argocd';

interface Followed {
  name: string;
  repoURL: string;
  tag: string;
  source: RenderSource;
}

/** Compares, for every Application that follows a tag, what HEAD deploys with what the tag does, whenever one of them moves. */
export class WaitingApprovals {
  readonly #resources: Resources;
  readonly #source: SourcePort;
  readonly #root: string;
  readonly #waiting = new Map<string, string>();
  readonly #stops = new Map<string, { id: string; stop: () => void }>();

  /** @param root Name of the root Application, which carries the note. */
  constructor(parts: { resources: Resources; source: SourcePort; root: string }) {
    this.#resources = parts.resources;
    this.#source = parts.source;
    this.#root = parts.root;
    // What an engine before this one noted may have changed since; it is found anew.
    this.#write(null);
    parts.resources.store.subscribe(({ type, object }) => {
      if (object.kind !== 'Application') return;
      this.#look(object.metadata.name, type === 'DELETED' ? undefined : followed(object));
    });
    for (const object of parts.resources.store.list(APPLICATION)) {
      this.#look(object.metadata?.name ?? '', followed(object as unknown as KubeObject));
    }
  }

  #look(name: string, subject: Followed | undefined): void {
    const id = subject === undefined ? '' : canonicalJson(subject);
    const known = this.#stops.get(name);
    if ((known?.id ?? '') === id) return;
    known?.stop();
    this.#stops.delete(name);
    if (subject === undefined) this.#note(name, undefined);
    else this.#stops.set(name, { id, stop: this.#follow(subject) });
  }

  #follow({ name, repoURL, tag, source }: Followed): () => void {
    const shas: { head?: string; tag?: string } = {};
    const compare = () => {
      const { head, tag: approved } = shas;
      if (head === undefined || approved === undefined || head === approved) return this.#note(name, undefined);
      const render = (sha: string, use: (text: string | undefined) => void) =>
        askOnce(this.#source, { ask: 'render', repoURL, sha, source }, (answer) =>
          use(answer.ok && 'manifests' in answer.value ? canonicalJson(answer.value.manifests) : undefined),
        );
      render(head, (wanted) =>
        render(approved, (deployed) => {
          // Newer commits have been compared meanwhile, or are about to be.
          if (shas.head !== head || shas.tag !== approved) return;
          this.#note(name, wanted === undefined || wanted === deployed ? undefined : head);
        }),
      );
    };
    const follow = (which: 'head' | 'tag', revision: string) =>
      this.#source.answer({ ask: 'revision', repoURL, revision }, (answer) => {
        shas[which] = answer.ok && 'sha' in answer.value ? answer.value.sha : undefined;
        compare();
      });
    const stops = [follow('head', 'HEAD'), follow('tag', `refs/tags/${tag}`)];
    return () => {
      for (const stop of stops) stop();
    };
  }

  #note(name: string, sha: string | undefined): void {
    if (this.#waiting.get(name) === sha) return;
    if (sha === undefined) this.#waiting.delete(name);
    else this.#waiting.set(name, sha);
    this.#write(this.#waiting.size === 0 ? null : canonicalJson(Object.fromEntries([...this.#waiting].sort())));
  }

  #write(text: string | null): void {
    const root = this.#resources.store.get(APPLICATION, CONTROL_PLANE, this.#root);
    if (root === undefined || (root.metadata?.annotations?.[WAITING_ANNOTATION] ?? null) === text) return;
    const patch = { metadata: { annotations: { [WAITING_ANNOTATION]: text } } };
    const ref = { kind: APPLICATION, namespace: CONTROL_PLANE, name: this.#root } as const;
    this.#resources.patch(ref, { type: 'merge', patch }, { fieldManager: 'pern-approval' });
  }
}

function followed(object: KubeObject): Followed | undefined {
  const source = (object.spec as { source?: Record<string, unknown> } | undefined)?.source;
  if (source === undefined) return undefined;
  const { targetRevision, repoURL, path, kustomize, directory } = source;
  const tag = followedTag(targetRevision as string | undefined);
  if (tag === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
  return {
    name: object.metadata.name,
    repoURL: String(repoURL),
    tag,
    source: {
      path: String(path ?? '.'),
      ...(kustomize === undefined ? {} : { kustomize }),
      ...(directory === undefined ? {} : { directory }),
    },
  };
}
