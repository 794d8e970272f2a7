import { SAFE_ALPHABET } from '#core/ids.ts';
import { canonicalJson, fnv1a32 } from '#core/json.ts';
import { controllerReference, type Manifest, type ObjectMeta } from '#kube/object.ts';

/** The part of `spec.template` that every workload has. */
export interface PodTemplate {
  metadata?: {
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
  };
  spec?: unknown;
}

interface Owner {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** A pod made from `template` and controlled by `owner`, named by the store after `<owner>-`. */
export function podFromTemplate(owner: Owner, template: PodTemplate | undefined): Manifest {
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: template?.spec ?? {},
  };
}

/** Text in Kubernetes' safe alphabet, character by character: decimal digits become `456789bcdf`. */
export function safeEncode(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => SAFE_ALPHABET[byte % SAFE_ALPHABET.length]).join('');
}

/**
 * Identity of a value, 8 to 10 safe characters: FNV-1a over canonical JSON. Deterministic here, but not the value that
 * Kubernetes computes (it hashes Go's own serialisation); nothing compares the two.
 * @param collisionCount Raised when two values had the same hash; gives another one.
 */
export function revisionHash(value: unknown, collisionCount = 0): string {
  const suffix = collisionCount === 0 ? '' : `#${collisionCount}`;
  return safeEncode(String(fnv1a32(`${canonicalJson(value)}${suffix}`)));
}
