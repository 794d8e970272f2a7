import { parseGoDurationMs } from '#core/duration.ts';
import { isRecord } from '#core/json.ts';
import type { ObjectMeta } from '#kube/object.ts';

/** What this engine reads of an ExternalSecret (external-secrets.io/v1). The stored object may hold more, which is refused. */
export interface ExternalSecretSpec {
  refreshInterval?: string;
  refreshPolicy?: string;
  secretStoreRef?: unknown;
  data?: unknown[];
  dataFrom?: DataFrom[];
  target?: {
    name?: string;
    creationPolicy?: string;
    deletionPolicy?: string;
    immutable?: boolean;
    manifest?: unknown;
    template?: SecretTemplate;
  };
}

export interface DataFrom {
  extract?: unknown;
  find?: unknown;
  rewrite?: unknown;
  sourceRef?: { storeRef?: unknown; generatorRef?: { apiVersion?: string; kind?: string; name?: string } };
}

export interface SecretTemplate {
  type?: string;
  engineVersion?: string;
  mergePolicy?: string;
  templateFrom?: unknown[];
  metadata?: Pick<ObjectMeta, 'labels' | 'annotations'> & { finalizers?: unknown };
  data?: Record<string, string>;
}

export interface Refusal {
  field: string;
  problem: string;
  fix: string;
}

export const REFRESH_DEFAULT_MS = 3_600_000;

/** How often the values are made anew, ms; 0 for once. undefined when the text is no duration. */
export function refreshIntervalMs(spec: ExternalSecretSpec): number | undefined {
  return spec.refreshInterval === undefined ? REFRESH_DEFAULT_MS : parseGoDurationMs(spec.refreshInterval);
}

/** The first field of the spec that this engine cannot honour, or undefined. */
export function findRefusal(spec: ExternalSecretSpec): Refusal | undefined {
  const generatorOnly = 'use dataFrom[].sourceRef.generatorRef with a Password generator';
  const refuse = (field: string, problem: string, fix: string): Refusal => ({ field, problem, fix });
  if ((spec.data ?? []).length > 0) return refuse('spec.data', 'secret stores are not supported', generatorOnly);
  if ((spec.dataFrom ?? []).length === 0)
    return refuse('spec.dataFrom', 'there is nothing to take values from', generatorOnly);
  if (refreshIntervalMs(spec) === undefined) {
    return refuse('spec.refreshInterval', `${spec.refreshInterval} is not a duration`, 'write it as 1h, 15m or 0');
  }
  const policy = spec.refreshPolicy ?? 'Periodic';
  if (!['Periodic', 'CreatedOnce', 'OnChange'].includes(policy)) {
    return refuse('spec.refreshPolicy', `${policy} is not supported`, 'use Periodic, CreatedOnce or OnChange');
  }
  for (const [index, source] of (spec.dataFrom ?? []).entries()) {
    const refusal = refusalOfSource(source, `spec.dataFrom[${index}]`);
    if (refusal !== undefined) return refusal;
  }
  return refusalOfTarget(spec.target ?? {});
}

function refusalOfSource(source: DataFrom, at: string): Refusal | undefined {
  const fix = 'use sourceRef.generatorRef with a Password generator';
  for (const field of ['extract', 'find', 'rewrite'] as const) {
    if (source[field] !== undefined) return { field: `${at}.${field}`, problem: 'is not supported', fix };
  }
  if (source.sourceRef?.storeRef !== undefined) {
    return { field: `${at}.sourceRef.storeRef`, problem: 'secret stores are not supported', fix };
  }
  const generator = source.sourceRef?.generatorRef;
  if (generator?.kind !== 'Password') {
    return {
      field: `${at}.sourceRef.generatorRef.kind`,
      problem: `${generator?.kind ?? '(none)'} is not supported`,
      fix,
    };
  }
  return generator.name ? undefined : { field: `${at}.sourceRef.generatorRef.name`, problem: 'is required', fix };
}

function refusalOfTarget(target: NonNullable<ExternalSecretSpec['target']>): Refusal | undefined {
  const only = (field: string, value: string | undefined, allowed: readonly string[]): Refusal | undefined =>
    value === undefined || allowed.includes(value)
      ? undefined
      : { field: `spec.target.${field}`, problem: `${value} is not supported`, fix: `use ${allowed.join(' or ')}` };
  const { template } = target;
  if (target.manifest !== undefined)
    return { field: 'spec.target.manifest', problem: 'is not supported', fix: 'a Secret is made' };
  if ((template?.templateFrom ?? []).length > 0) {
    return {
      field: 'spec.target.template.templateFrom',
      problem: 'is not supported',
      fix: 'use spec.target.template.data',
    };
  }
  if (isRecord(template?.metadata) && template.metadata.finalizers !== undefined) {
    return { field: 'spec.target.template.metadata.finalizers', problem: 'is not supported', fix: 'leave it out' };
  }
  return (
    only('creationPolicy', target.creationPolicy, ['Owner', 'Orphan']) ??
    only('deletionPolicy', target.deletionPolicy, ['Retain']) ??
    only('template.engineVersion', template?.engineVersion, ['v2']) ??
    only('template.mergePolicy', template?.mergePolicy, ['Replace', 'Merge'])
  );
}
