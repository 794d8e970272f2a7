import type { ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Cell, Members } from './cells.ts';
import { COLUMNS, DEFAULT_COLUMNS } from './columns.ts';

export interface TableOptions {
  includeObject: 'Metadata' | 'Object' | 'None';
  /** False for all but the first event of a watch. */
  withColumns: boolean;
  nowMs: number;
}

/** What `kubectl get` prints: a Table of `objects` (kubernetes-api.md §8). `listMetadata` is the metadata of the answer. */
export function tableOf(
  kind: ResourceKind,
  objects: readonly KubeObject[],
  listMetadata: Members,
  options: TableOptions,
): Members {
  const columns = COLUMNS[kind.id] ?? DEFAULT_COLUMNS;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: listMetadata,
    columnDefinitions: options.withColumns
      ? columns.map((column) => ({
          name: column.name,
          type: column.type ?? 'string',
          format: column.name === 'Name' ? 'name' : '',
          description: '',
          priority: column.wide === true ? 1 : 0,
        }))
      : null,
    rows: objects.map((object) => ({
      cells: columns.map((column): Cell => column.cell(object, options.nowMs)),
      object: rowObject(object, options.includeObject),
    })),
  };
}

function rowObject(object: KubeObject, include: TableOptions['includeObject']): unknown {
  switch (include) {
    case 'Object':
      return object;
    case 'None':
      return null;
    case 'Metadata':
      return partialMetadata(object);
  }
}

/** The object without everything but its metadata, as metadata clients ask for. */
export function partialMetadata(object: KubeObject): Members {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}
