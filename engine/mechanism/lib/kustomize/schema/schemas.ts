/** What a build knows about types: merge keys and cluster scope, built in or from the `openapi` field. */
import facts from './kubernetes-facts.json' with { type: 'json' };
import { compileMergeFacts, type FieldFacts, type MergeFacts } from './merge-facts.ts';

const CLUSTER_SCOPED: ReadonlySet<string> = new Set(facts.clusterScoped);
const BUILT_IN = facts as unknown as MergeFacts;

/** True for kinds known to be cluster scoped; unknown kinds count as namespaced (spec §5.3). */
export function isClusterScoped(apiVersion: string, kind: string): boolean {
  return CLUSTER_SCOPED.has(`${apiVersion} ${kind}`);
}

/** The schema of a value: what its fields are and, for a list, how it merges. */
export class Schema {
  private readonly facts: MergeFacts;
  private readonly type: number;
  /** Keys of a list that merges; an empty array for a merging list of scalars; undefined when the list is replaced. */
  readonly mergeKeys: readonly string[] | undefined;

  constructor(facts: MergeFacts, field: FieldFacts) {
    this.facts = facts;
    this.type = typeof field === 'number' ? field : field[0];
    this.mergeKeys = typeof field === 'number' ? undefined : (field.slice(1) as string[]);
  }

  field(name: string): Schema | undefined {
    const type = this.facts.types[this.type];
    const field = type && (Object.hasOwn(type, name) ? type[name] : type['*']);
    return field === undefined ? undefined : new Schema(this.facts, field);
  }

  /** The schema of the elements, when this is the schema of a list. */
  elements(): Schema | undefined {
    return this.type < 0 ? undefined : new Schema(this.facts, this.type);
  }
}

/** By identity of the parsed document, which a cache of parsed files keeps between builds. */
const COMPILED = new WeakMap<object, MergeFacts>();

function compiled(document: { definitions?: unknown }): MergeFacts {
  const known = COMPILED.get(document);
  if (known !== undefined) return known;
  const { definitions } = document;
  const isThere = typeof definitions === 'object' && definitions !== null;
  const result = compileMergeFacts((isThere ? definitions : {}) as Record<string, unknown>);
  COMPILED.set(document, result);
  return result;
}

/** The schemas of one build. A document given by `openapi.path` replaces the built-in one; the first one given wins,
 * as in kustomize, where it is process-wide. */
export class Schemas {
  private custom: MergeFacts | undefined;
  private isDecided = false;

  use(document: { definitions?: unknown; isBuiltIn?: true }): void {
    if (this.isDecided) return;
    this.isDecided = true;
    if (document.isBuiltIn) return;
    this.custom = compiled(document);
  }

  lookup(apiVersion: string, kind: string): Schema | undefined {
    const facts = this.custom ?? BUILT_IN;
    const index = facts.kinds[`${apiVersion} ${kind}`];
    return index === undefined ? undefined : new Schema(facts, index);
  }
}
