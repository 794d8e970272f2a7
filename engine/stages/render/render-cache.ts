import { canonicalJson } from '#core/json.ts';
import type { Answer, RenderSource } from '#machine/questions.ts';
import { failureOf } from '../commit/failures.ts';
import { checkLinks, type Reads, readsHold, type Snapshot, snapshotFileSystem } from '../commit/snapshot.ts';
import type { KustomizeBuild } from './kustomize.ts';
import { renderSource } from './render.ts';

/** Content that a rendering needs and that is not loaded yet: oid → path. */
export type MissingContent = ReadonlyMap<string, string>;

interface Entry {
  reads: Reads;
  answer: Answer;
}

/** Results kept per source: a branch that goes back and forth is answered from memory. */
const RESULTS_PER_SOURCE_MAX = 4;

/**
 * Renders sources of commits and remembers results by what was read: a commit that does not touch the files an
 * application is made of gives the remembered result. Failures are remembered like results.
 */
export class RenderCache {
  readonly #bySource = new Map<string, Entry[]>();
  readonly #build: KustomizeBuild;

  constructor(build: KustomizeBuild) {
    this.#build = build;
  }

  /**
   * The rendered source, or the content that must be loaded before it can be rendered.
   * @param repository Identity of the repository; contents of equal oid are equal within it.
   */
  render(
    repository: string,
    snapshot: Snapshot,
    source: RenderSource,
    contentOf: (oid: string) => string | undefined,
  ): { answer: Answer } | { missing: MissingContent } {
    const key = `${repository} ${canonicalJson(source)}`;
    const known = this.#bySource.get(key) ?? [];
    const hit = known.find(({ reads }) => holds(snapshot, reads));
    if (hit !== undefined) {
      if (hit !== known[0]) this.#bySource.set(key, [hit, ...known.filter((entry) => entry !== hit)]);
      return { answer: hit.answer };
    }
    const missing = new Map<string, string>();
    const reads: Reads = new Map();
    const files = snapshotFileSystem(snapshot, contentOf, { onMissing: (oid, path) => missing.set(oid, path), reads });
    let answer: Answer;
    try {
      checkLinks(snapshot);
      answer = { ok: true, value: renderSource(files, source, this.#build) };
    } catch (error) {
      answer = { ok: false, failure: failureOf(error) };
    }
    if (missing.size > 0) return { missing };
    if (reads.size > 0) this.#bySource.set(key, [{ reads, answer }, ...known].slice(0, RESULTS_PER_SOURCE_MAX));
    return { answer };
  }

  /** True when the source's latest rendering read nothing that is different in this commit: it would come out the same. */
  isUnchanged(repository: string, snapshot: Snapshot, source: RenderSource): boolean {
    const [latest] = this.#bySource.get(`${repository} ${canonicalJson(source)}`) ?? [];
    return latest !== undefined && holds(snapshot, latest.reads);
  }
}

function holds(snapshot: Snapshot, reads: Reads): boolean {
  try {
    checkLinks(snapshot);
    return readsHold(snapshot, reads);
  } catch {
    return false;
  }
}
