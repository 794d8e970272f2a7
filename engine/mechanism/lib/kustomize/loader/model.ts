/** A kustomization with everything it names already read, checked and parsed. */
import type { Diagnostic, Position } from '../errors.ts';
import type { FieldTables } from '../fieldspecs/tables.ts';
import type { FileSystem } from '../file-system.ts';
import type { Kustomization, Replacement, Selector } from '../kustomization/types.ts';
import type { Resource } from '../resource.ts';
import type { Json } from '../types.ts';
import type { ParsedDocument } from '../yaml/parser.ts';

export interface JsonPatchOperation {
  op: string;
  path: string;
  from?: string;
  value?: Json;
}

/** One entry of `patches`, or of the two legacy fields, ready to apply. */
export interface LoadedPatch {
  at: Position & { source?: string };
  target: Selector | undefined;
  allowNameChange: boolean;
  allowKindChange: boolean;
  /** Strategic merge patches; empty when this is a JSON 6902 patch. */
  merges: readonly Resource[];
  operations: readonly JsonPatchOperation[] | undefined;
}

export interface LoadedReplacement {
  at: Position & { source?: string };
  replacement: Replacement;
}

export type LoadedInput =
  | { from: string; resources: readonly Resource[] }
  | { from: string; target: LoadedKustomization };

export interface LoadedKustomization {
  fileSystem: FileSystem;
  /** The directory, relative to the root of its file system. */
  directory: string;
  /** Files may lie outside of the directory. */
  unrestricted: boolean;
  /** The path of the kustomization file. */
  file: string;
  document: ParsedDocument;
  spec: Kustomization;
  isComponent: boolean;
  inputs: readonly LoadedInput[];
  components: readonly { from: string; target: LoadedKustomization }[];
  generated: readonly Resource[];
  strategicMerges: readonly LoadedPatch[];
  patches: readonly LoadedPatch[];
  jsonPatches: readonly LoadedPatch[];
  replacements: readonly LoadedReplacement[];
  /** Built-in plugins given as YAML. */
  generators: readonly LoadedInput[];
  transformers: readonly LoadedInput[];
  validators: readonly LoadedInput[];
  configurations: readonly Partial<FieldTables>[];
  openApi: { definitions?: unknown; isBuiltIn?: true } | undefined;
}

export interface LoadResult {
  root: LoadedKustomization;
  warnings: readonly Diagnostic[];
}
