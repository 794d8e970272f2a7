/** Name-reference fix-ups (spec §6): fields that name an object follow its new name. */
import { fail } from '../errors.ts';
import type { NameReference } from '../fieldspecs/tables.ts';
import { applyFieldSpec } from '../fieldspecs/walker.ts';
import type { FieldSpec } from '../kustomization/types.ts';
import { formatId, type Gvk, isSelected, NO_NAMESPACE, type Resource } from '../resource.ts';
import { getField, isList, isMap, isNull, type Json, type JsonMap, scalarText } from '../types.ts';

type TargetGvk = Partial<Gvk>;

/** Rewrites every reference of every resource. Throws KustomizeError when a reference is ambiguous. */
export function fixNameReferences(resources: readonly Resource[], references: readonly NameReference[]): void {
  const byPreviousName = indexByPreviousName(resources);
  for (const referrer of resources) {
    if (!referrer.object) continue;
    const candidates = new Candidates(referrer, byPreviousName);
    if (byPreviousName.size === 0) continue;
    const id = referrer.originalId;
    for (const reference of references) {
      for (const spec of reference.referrers) {
        if (isSelected(id, spec)) new Fixer(referrer, reference, spec, candidates).run();
      }
    }
  }
}

function indexByPreviousName(resources: readonly Resource[]): ReadonlyMap<string, readonly Resource[]> {
  const index = new Map<string, Resource[]>();
  for (const resource of resources) {
    if (!resource.object) continue;
    for (const name of new Set(resource.previous.map((id) => id.name))) {
      const named = index.get(name);
      if (named) named.push(resource);
      else index.set(name, [resource]);
    }
  }
  return index;
}

/** The objects that one referrer may refer to: those of its namespace, cluster-scoped ones, and, for a RoleBinding,
 * those of the namespaces its ServiceAccount subjects name. */
class Candidates {
  private readonly referrer: Resource;
  private readonly byPreviousName: ReadonlyMap<string, readonly Resource[]>;
  private readonly namespace: string;
  private readonly subjectNamespaces: ReadonlySet<string>;

  constructor(referrer: Resource, byPreviousName: ReadonlyMap<string, readonly Resource[]>) {
    this.referrer = referrer;
    this.byPreviousName = byPreviousName;
    this.namespace = referrer.effectiveNamespace;
    this.subjectNamespaces = subjectNamespaces(referrer);
  }

  named(name: string): Resource[] {
    const named = this.byPreviousName.get(name) ?? [];
    if (this.referrer.isClusterScoped) return [...named];
    return named.filter(
      (resource) =>
        resource.isClusterScoped ||
        resource.effectiveNamespace === this.namespace ||
        this.subjectNamespaces.has(resource.namespace),
    );
  }
}

function subjectNamespaces(referrer: Resource): ReadonlySet<string> {
  const namespaces = new Set<string>();
  const subjects = referrer.kind === 'RoleBinding' ? referrer.object?.subjects : undefined;
  for (const subject of isList(subjects) ? subjects : []) {
    if (!isMap(subject) || subject.kind !== 'ServiceAccount' || !Object.hasOwn(subject, 'namespace')) continue;
    if (isNull(subject.namespace)) {
      const message = `${formatId(referrer.currentId)}: the namespace of a ServiceAccount subject is blank`;
      fail(referrer.at, { code: 'wrong-value', message, fix: 'give the namespace, or remove the field' });
    }
    namespaces.add(scalarText(subject.namespace));
  }
  return namespaces;
}

class Fixer {
  private readonly referrer: Resource;
  private readonly target: TargetGvk;
  private readonly spec: FieldSpec;
  private readonly candidates: Candidates;

  constructor(referrer: Resource, target: TargetGvk, spec: FieldSpec, candidates: Candidates) {
    this.referrer = referrer;
    this.target = target;
    this.spec = spec;
    this.candidates = candidates;
  }

  run(): void {
    const gvk = this.referrer.gvk;
    applyFieldSpec(this.referrer, { ...gvk, path: this.spec.path }, 'none', (value) => this.fix(value));
  }

  private fix(value: Json): Json {
    if (isNull(value)) return value;
    if (isList(value)) {
      value.forEach((item, index) => {
        value[index] = isMap(item) ? this.fixMap(item) : this.fixScalar(item);
      });
      return value;
    }
    return isMap(value) ? this.fixMap(value) : this.fixScalar(value);
  }

  private fixScalar(value: Json): Json {
    const name = scalarText(value);
    const referral = this.select(name, this.candidates.named(name), (a, b) => a.name === b.name);
    return referral && referral.name !== name ? referral.name : value;
  }

  private fixMap(map: JsonMap): JsonMap {
    if (isNull(getField(map, 'name'))) return map;
    const name = scalarText(map.name);
    const named = this.limitToNamespace(this.candidates.named(name), map);
    const same = (a: Resource, b: Resource) => a.name === b.name && a.namespace === b.namespace;
    const referral = this.select(name, named, same);
    if (!referral || (referral.name === name && referral.namespace === '')) return map;
    map.name = referral.name;
    if (referral.namespace !== '') map.namespace = referral.namespace;
    return map;
  }

  private limitToNamespace(named: Resource[], map: JsonMap): Resource[] {
    if (!Object.hasOwn(map, 'namespace')) return named;
    const namespace = scalarText(map.namespace);
    const original = named.filter((resource) => resource.originalId.namespace === namespace);
    if (original.length > 0) return original.filter((resource) => resource.originalId.namespace !== NO_NAMESPACE);
    return named.filter((resource) => resource.effectiveNamespace === namespace);
  }

  private select(name: string, named: Resource[], same: (a: Resource, b: Resource) => boolean): Resource | undefined {
    let matches = named.filter(
      (resource) => resource.previousIds.some((id) => isSelected(id, this.target)) && this.fitsRoleRef(resource),
    );
    matches = matches.filter((resource) => this.inReach(resource));
    if (matches.length === 1) return matches[0];
    matches = matches.filter((resource) => sameAffixes(resource, this.referrer, true));
    if (matches.length > 1) matches = matches.filter((resource) => sameAffixes(resource, this.referrer, false));
    const [first] = matches;
    if (!first || matches.every((resource) => same(first, resource))) return first;
    return this.failAmbiguous(name, matches);
  }

  private fitsRoleRef(resource: Resource): boolean {
    if (!this.spec.path.endsWith('roleRef/name')) return true;
    const roleRef = this.referrer.object?.roleRef;
    if (!isMap(roleRef) || isNull(roleRef.apiGroup) || isNull(roleRef.kind)) return true;
    const gvk = { group: scalarText(roleRef.apiGroup), kind: scalarText(roleRef.kind) };
    return resource.previousIds.some((id) => isSelected(id, gvk));
  }

  private inReach(resource: Resource): boolean {
    if (this.referrer.isClusterScoped || resource.isClusterScoped || resource.kind === 'ServiceAccount') return true;
    return resource.effectiveNamespace === this.referrer.effectiveNamespace;
  }

  private failAmbiguous(name: string, matches: readonly Resource[]): never {
    const { referrer, spec } = this;
    return fail(referrer.at, {
      code: 'ambiguous-reference',
      message: `${formatId(referrer.currentId)}: ${spec.path} = "${name}" has several possible referrals`,
      why: matches
        .map((resource) => `${formatId(resource.currentId)} (${resource.at.file}:${resource.at.line})`)
        .join('; '),
      fix: 'give the objects different names, or put them into different namespaces',
    });
  }
}

function sameAffixes(a: Resource, b: Resource, allowEmpty: boolean): boolean {
  return sameEnding(a.prefixes, b.prefixes, allowEmpty) && sameEnding(a.suffixes, b.suffixes, allowEmpty);
}

/** True when the shorter list ends the longer one. */
function sameEnding(a: readonly string[], b: readonly string[], allowEmpty: boolean): boolean {
  if (allowEmpty && (a.length === 0 || b.length === 0)) return true;
  if (a.length === 0 || b.length === 0) return a.length === b.length;
  const length = Math.min(a.length, b.length);
  for (let i = 1; i <= length; i++) if (a.at(-i) !== b.at(-i)) return false;
  return true;
}
