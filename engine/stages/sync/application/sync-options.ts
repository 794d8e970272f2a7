import { resourceOptions } from './hooks.ts';

/** Sync options that do something here. Matching is exact, as upstream's. */
const SUPPORTED: ReadonlySet<string> = new Set([
  'CreateNamespace=true',
  'CreateNamespace=false',
  'Prune=true',
  'Prune=false',
  'Prune=confirm',
  'PruneLast=true',
  'PruneLast=false',
  'Delete=true',
  'Delete=false',
  'Delete=confirm',
  'ApplyOutOfSyncOnly=true',
  'ApplyOutOfSyncOnly=false',
  'ServerSideApply=true',
  'ServerSideApply=false',
  'Replace=true',
  'Replace=false',
  'Force=true',
  'Force=false',
  // Nothing is validated on this side of the API, so there is nothing to switch off.
  'Validate=true',
  'Validate=false',
  // Ownership of fields is not recorded, so there is nothing to migrate.
  'ClientSideApplyMigration=true',
  'ClientSideApplyMigration=false',
  'SkipDryRunOnMissingResource=true',
  'SkipDryRunOnMissingResource=false',
  'FailOnSharedResource=true',
  'FailOnSharedResource=false',
  'RespectIgnoreDifferences=true',
  'RespectIgnoreDifferences=false',
  'PrunePropagationPolicy=foreground',
  'PrunePropagationPolicy=background',
  'PrunePropagationPolicy=orphan',
]);

/** What is wrong with a list of options, by its field; empty when all are supported. */
export function optionErrors(field: string, options: readonly string[] | undefined): string[] {
  return (options ?? []).flatMap((option, index) =>
    SUPPORTED.has(option) ? [] : [`${field}[${index}]: sync option ${JSON.stringify(option)} is not reproduced`],
  );
}

type Annotated = { metadata: { annotations?: Record<string, string> } };

/** The value of an option for one resource: its annotation wins over the Application's list. */
export function optionOf(
  name: string,
  application: readonly string[],
  ...objects: (Annotated | undefined)[]
): string | undefined {
  for (const options of [
    ...objects.map((object) => (object === undefined ? [] : resourceOptions(object))),
    application,
  ]) {
    const found = options.findLast((option) => option.startsWith(`${name}=`));
    if (found !== undefined) return found.slice(name.length + 1);
  }
  return undefined;
}
