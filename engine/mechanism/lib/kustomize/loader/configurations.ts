/** Files of `configurations`, which extend the built-in field tables. */
import { type Diagnostic, KustomizeError } from '../errors.ts';
import type { FieldTables } from '../fieldspecs/tables.ts';
import { decodeDocument } from '../kustomization/decoder.ts';
import { configurationShape } from '../kustomization/shapes.ts';
import type { FieldSpec } from '../kustomization/types.ts';
import { parseDocuments, type SourceText } from '../yaml/parser.ts';

/** A file of `configurations`: field tables. Throws KustomizeError with all findings. */
export function readConfiguration(source: SourceText): Partial<FieldTables> {
  const [document] = parseDocuments(source, 'kustomization');
  if (!document) return {};
  const findings: Diagnostic[] = [];
  const decoded = decodeDocument(document, configurationShape, findings);
  if (findings.length > 0) throw new KustomizeError(findings);
  const { nameReference, ...tables } = decoded as Record<string, unknown> & { nameReference?: unknown };
  const references = (nameReference ?? []) as {
    group?: string;
    version?: string;
    kind?: string;
    fieldSpecs?: FieldSpec[];
  }[];
  return {
    ...(tables as Partial<FieldTables>),
    nameReference: references.map((reference) => ({
      group: reference.group,
      version: reference.version,
      kind: reference.kind ?? '',
      referrers: reference.fieldSpecs ?? [],
    })),
  };
}
