import { createHash } from 'node:crypto';
import { canonicalJson } from '#core/json.ts';
import type { KindMap } from '#kube/kinds.ts';
import { controllerReference, type KubeObject, type Manifest } from '#kube/object.ts';
import type { ExternalSecretSpec } from './spec.ts';
import { renderTemplate } from './template.ts';

export const MANAGED_LABEL = 'reconcile.external-secrets.io/managed';
export const CREATED_BY_LABEL = 'reconcile.external-secrets.io/created-by';
export const DATA_HASH = 'reconcile.external-secrets.io/data-hash';

function digest(text: string): string {
  return createHash('sha3-224').update(text).digest('hex');
}

/** Identity of a Secret's data, for noticing that somebody changed it; says nothing about the values. */
export function dataHash(data: unknown): string {
  return digest(canonicalJson(data ?? {}));
}

/** `<generation>-<hash of labels and annotations>`: which state of the ExternalSecret a Secret was made from. */
export function resourceVersionOf({ metadata }: Pick<KubeObject, 'metadata'>): string {
  return `${metadata.generation ?? 0}-${digest(canonicalJson({ labels: metadata.labels, annotations: metadata.annotations }))}`;
}

/** The Secret is one of ours, and its data is what was last written. */
export function isIntact(secret: KindMap['Secret'] | undefined): boolean {
  return (
    secret !== undefined &&
    secret.metadata.labels?.[MANAGED_LABEL] === 'true' &&
    secret.metadata.annotations?.[DATA_HASH] === dataHash(secret.data)
  );
}

/** The data of the target Secret: the values, or what the template makes of them. Throws TemplateError. */
export function targetData(spec: ExternalSecretSpec, values: Readonly<Record<string, string>>): Record<string, string> {
  const template = spec.target?.template;
  if (template?.data === undefined) return { ...values };
  const rendered = Object.fromEntries(
    Object.entries(template.data).map(([key, text]) => [key, renderTemplate(text, values)]),
  );
  return template.mergePolicy === 'Merge' ? { ...values, ...rendered } : rendered;
}

/** The target Secret. Labels and annotations come from the template, or from the ExternalSecret when there is no template. */
export function targetSecret(owner: KubeObject, spec: ExternalSecretSpec, values: Record<string, string>): Manifest {
  const template = spec.target?.template;
  const { labels, annotations } = template === undefined ? owner.metadata : (template.metadata ?? {});
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...copied } = annotations ?? {};
  const isOwner = (spec.target?.creationPolicy ?? 'Owner') === 'Owner';
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]),
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: spec.target?.name ?? owner.metadata.name,
      namespace: owner.metadata.namespace,
      labels: {
        ...labels,
        [MANAGED_LABEL]: 'true',
        ...(isOwner ? { [CREATED_BY_LABEL]: digest(`${owner.metadata.namespace}/${owner.metadata.name}`) } : {}),
      },
      annotations: { ...copied, [DATA_HASH]: dataHash(data) },
      ...(isOwner ? { ownerReferences: [controllerReference(owner)] } : {}),
    },
    type: template?.type ?? 'Opaque',
    ...(spec.target?.immutable === undefined ? {} : { immutable: spec.target.immutable }),
    data,
  };
}
