/** What a build knows about types: merge keys and cluster scope, built in or from the `openapi` field. */
import facts from './kubernetes-facts.json' with { type: 'json' };
import { compileMergeFacts, type FieldFacts, type MergeFacts } from './merge-facts.ts';

const CLUSTER_SCOPED: ReadonlySet<string> = new Set(facts.clusterScoped);
/** Every kind of which kustomize knows the scope without reading a schema. */
const KNOWN: ReadonlySet<string> = new Set([...facts.clusterScoped, ...facts.namespaced]);
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

/** How a document given by `openapi.path` and the built-in schema stand to each other. */
type Joined = 'alone' | 'over built-in' | 'under built-in';

/** By identity of the parsed document, which a cache of parsed files keeps between builds. */
const COMPILED = new WeakMap<object, Map<Joined, MergeFacts>>();

function compiled(document: { definitions?: unknown }, joined: Joined): MergeFacts {
  const known = COMPILED.get(document) ?? new Map<Joined, MergeFacts>();
  COMPILED.set(document, known);
  const { definitions } = document;
  const isThere = typeof definitions === 'object' && definitions !== null;
  const base = joined === 'alone' ? undefined : { facts: BUILT_IN, wins: joined === 'under built-in' };
  const facts = known.get(joined) ?? compileMergeFacts((isThere ? definitions : {}) as Record<string, unknown>, base);
  known.set(joined, facts);
  return facts;
}

/**
 * The schemas of one build. The first document given by `openapi.path` wins, as in kustomize, where schemas are
 * process-wide and read when they are first needed; so it depends on the order of events whether the document stands
 * alone or is joined with the built-in schema:
 * - alone, when it is given before any kind was seen that the built-in table does not know;
 * - under the built-in schema, when such a kind came first;
 * - over it, when a strategic merge came first.
 */
export class Schemas {
  private custom: { definitions?: unknown } | undefined;
  private isDecided = false;
  private isRead = false;
  private builtIn: 'unread' | 'delayed' | 'read' = 'unread';
  private facts: MergeFacts = BUILT_IN;

  /** The `openapi` field of a kustomization, when its turn comes. */
  use(document: { definitions?: unknown; isBuiltIn?: true }): void {
    if (this.isDecided) return;
    this.isDecided = true;
    if (!document.isBuiltIn) this.custom = document;
    this.isRead = false;
  }

  /** An object of this kind has been read. */
  see(apiVersion: string, kind: string): void {
    if (this.isRead || this.builtIn !== 'unread' || KNOWN.has(`${apiVersion} ${kind}`)) return;
    if (this.custom) this.read();
    else this.builtIn = 'delayed';
  }

  lookup(apiVersion: string, kind: string): Schema | undefined {
    this.read();
    const index = this.facts.kinds[`${apiVersion} ${kind}`];
    return index === undefined ? undefined : new Schema(this.facts, index);
  }

  private read(): void {
    if (this.isRead) return;
    this.isRead = true;
    const before = this.builtIn;
    if (!this.custom || before === 'delayed') this.builtIn = 'read';
    if (!this.custom) return;
    this.facts = compiled(
      this.custom,
      before === 'unread' ? 'alone' : before === 'read' ? 'over built-in' : 'under built-in',
    );
  }
}
