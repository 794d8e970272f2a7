/** Built-in plugins under `validators`: they may look at the objects and fail, and change nothing but one label. */
import { type Diagnostic, fail } from '../errors.ts';
import type { LoadedKustomization } from '../loader/model.ts';
import { formatId, type Resource } from '../resource.ts';
import type { Schemas } from '../schema/schemas.ts';
import { isMap } from '../types.ts';
import { toGoJson } from '../yaml/go-json.ts';
import { runTransformer } from './plugins.ts';

/** The mark a validator may leave. */
const LABEL = 'validated-by';

/** Runs a transformer as a validator, a JSON patch of `test` operations for example. Throws KustomizeError when it
 * fails or changes an object. */
export function runValidator(
  plugin: Resource,
  resources: readonly Resource[],
  target: LoadedKustomization,
  schemas: Schemas,
  warnings: Diagnostic[],
): void {
  const before = resources.map(fingerprint);
  runTransformer(plugin, resources, target, schemas, warnings);
  const changed = resources.find((resource, index) => fingerprint(resource) !== before[index]);
  if (!changed) return;
  const id = formatId(changed.originalId);
  fail(plugin.at, {
    code: 'wrong-value',
    message: `the validator ${plugin.kind} ${plugin.name} changes ${id}`,
    why: 'a validator may look at objects only',
    fix: 'list it under transformers, or make it test and not change',
  });
}

/** The object as text, without the mark. */
function fingerprint(resource: Resource): string {
  const labels = resource.metadata('labels');
  const isMarked = isMap(labels) && Object.hasOwn(labels, LABEL);
  if (!isMarked) return toGoJson(resource.object);
  const copy = resource.clone();
  const { [LABEL]: _mark, ...rest } = labels;
  copy.setMetadata('labels', Object.keys(rest).length > 0 ? rest : undefined);
  return toGoJson(copy.object);
}
