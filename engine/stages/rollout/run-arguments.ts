import { isRecord } from '#core/json.ts';
import { metadataField } from '#kube/metadata-field.ts';
import { AnalysisError } from '../analysis/arguments.ts';
import type { Argument } from '../analysis/types.ts';
import type { Rollout, RolloutArgument } from './types.ts';

/**
 * The rollout's arguments for a run with their values: pod template hashes and fields of the Rollout resolved (rollouts §1.14).
 * Throws AnalysisError for a field path that leads nowhere; with `lenient` (validation) its value is empty instead.
 */
export function resolveRunArguments(
  args: readonly RolloutArgument[] | undefined,
  rollout: Rollout,
  hashes: { latest: string; stable: string },
  lenient = false,
): Argument[] {
  return (args ?? []).map(({ name, value = '', valueFrom }) => {
    if (valueFrom?.podTemplateHashValue === 'Latest') return { name, value: hashes.latest };
    if (valueFrom?.podTemplateHashValue === 'Stable') return { name, value: hashes.stable };
    const path = valueFrom?.fieldRef?.fieldPath;
    if (path === undefined) return { name, value };
    try {
      return { name, value: fieldValue(rollout, path) };
    } catch (error) {
      if (!lenient || !(error instanceof AnalysisError)) throw error;
      return { name, value: '' };
    }
  });
}

/** The value at a field path: the downward API's syntax for metadata, dots and brackets for the rest. */
export function fieldValue(rollout: Rollout, path: string): string {
  return path.startsWith('metadata') ? metadataValue(rollout, path) : valueInJson(rollout, path);
}

export function metadataValue({ metadata }: Rollout, path: string): string {
  const value = metadataField(metadata, path);
  if (value === undefined) throw new AnalysisError(`unsupported fieldPath: ${path}`);
  return value;
}

export function valueInJson(rollout: unknown, path: string): string {
  let value = rollout;
  for (const section of path.split(/[.[\]]+/).filter((part) => part !== '')) {
    if (Array.isArray(value)) value = itemAt(value, section);
    else if (isRecord(value)) value = value[section];
    else throw new AnalysisError(`invalid path ${path} in rollout`);
  }
  if (value === undefined || value === null) throw new AnalysisError(`invalid path ${path} in rollout`);
  if (typeof value === 'object') throw new AnalysisError(`path ${path} in rollout must terminate in a primitive value`);
  return String(value);
}

function itemAt(list: readonly unknown[], section: string): unknown {
  if (!/^[+-]?\d+$/.test(section)) throw new AnalysisError(`invalid index '${section}'`);
  const index = Number(section);
  if (index < 0 || index >= list.length) throw new AnalysisError(`index ${index} out of range`);
  return list[index];
}
