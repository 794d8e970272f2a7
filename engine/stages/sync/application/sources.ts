import { isRecord } from '#core/json.ts';
import type { RenderedSource, RenderSource } from '#machine/questions.ts';
import type { ApplicationSource } from './types.ts';

/** Where an Application's manifests come from: one source, or several whose manifests are taken together in order. */
export interface SourceSet {
  sources: readonly ApplicationSource[];
  /** True when `sources` says so, even with one entry: status and history then speak of lists. */
  isMultiple: boolean;
}

/** `sources` when there are any, else `source` (argo-cd.md §3.1); undefined when neither is there. */
export function sourceSetOf(holder: {
  source?: ApplicationSource;
  sources?: ApplicationSource[];
}): SourceSet | undefined {
  const { source, sources } = holder;
  if (Array.isArray(sources) && sources.length > 0) return { sources, isMultiple: true };
  return source === undefined || source === null ? undefined : { sources: [source], isMultiple: false };
}

/** The set as fields of a status, a result or a history entry. */
export function sourceFields({ sources, isMultiple }: SourceSet): {
  source?: ApplicationSource;
  sources?: ApplicationSource[];
} {
  return isMultiple ? { sources: [...sources] } : { source: sources[0] ?? {} };
}

/** Fields of a source that have a meaning here; any other is refused by name. */
const SOURCE_FIELDS = new Set(['repoURL', 'path', 'targetRevision', 'kustomize', 'directory', 'ref', 'name']);

/** Problems of a set of sources by field. */
export function sourceSetErrors(set: SourceSet | undefined, field = 'spec'): string[] {
  if (set === undefined) return [`${field}.source is required`];
  return set.sources.flatMap((source, index) => {
    const place = set.isMultiple ? `${field}.sources[${index}]` : `${field}.source`;
    const unknown = Object.keys(source)
      .sort()
      .filter((name) => source[name] !== undefined && source[name] !== null && !SOURCE_FIELDS.has(name))
      .map((name) => `${place}.${name}: not reproduced`);
    if (unknown.length > 0) return unknown;
    const { repoURL, path, ref } = source;
    if (!set.isMultiple && ref !== undefined) return [`${place}.ref: only sources of a list can be referred to`];
    if (repoURL && (path || (set.isMultiple && ref))) return [];
    return [`${place}.repoURL and either ${place}.path or ${place}.chart are required`];
  });
}

/** What a source renders; undefined for one that is only referred to (`ref` without a path). */
export function renderSourceOf(source: ApplicationSource): RenderSource | undefined {
  if (!source.path) return undefined;
  return {
    path: source.path,
    ...(isRecord(source.kustomize) ? { kustomize: source.kustomize } : {}),
    ...(isRecord(source.directory) ? { directory: source.directory } : {}),
  };
}

const COMBINED = new WeakMap<RenderedSource, { parts: readonly RenderedSource[]; whole: RenderedSource }>();
const NOTHING: RenderedSource = { sourceType: 'Directory', manifests: [], warnings: [] };

/** The manifests of all sources in order. Equal parts give the same object, so that what is remembered about it holds. */
export function combineRendered(parts: readonly RenderedSource[]): RenderedSource {
  const [first] = parts;
  if (first === undefined) return NOTHING;
  if (parts.length === 1) return first;
  const known = COMBINED.get(first);
  if (known?.parts.length === parts.length && known.parts.every((part, index) => part === parts[index])) {
    return known.whole;
  }
  const origins = parts.flatMap((part) => part.origins ?? []);
  const manifests = parts.flatMap((part) => part.manifests);
  const whole: RenderedSource = {
    sourceType: first.sourceType,
    manifests,
    ...(origins.length === manifests.length ? { origins } : {}),
    warnings: parts.flatMap((part) => part.warnings),
  };
  COMBINED.set(first, { parts, whole });
  return whole;
}
