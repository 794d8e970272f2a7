/** What is checked on a decoded kustomization beyond its shape, and what is warned about. */
import type { Diagnostic } from '../errors.ts';
import type { Kustomization } from '../kustomization/types.ts';
import { offsetOf, type ParsedDocument } from '../yaml/parser.ts';

const KUSTOMIZATION = 'kustomize.config.k8s.io/v1beta1';
const COMPONENT = 'kustomize.config.k8s.io/v1alpha1';
const METADATA_OPTIONS = ['originAnnotations', 'transformerAnnotations', 'managedByLabel'];

/** Old field → its replacement, in the order in which kustomize warns. */
const DEPRECATED = {
  bases: 'resources',
  commonLabels: 'labels',
  imageTags: 'images',
  patchesJson6902: 'patches',
  patchesStrategicMerge: 'patches',
  vars: 'replacements',
} as const;

/** One warning per deprecated field in use. */
export function deprecations(spec: Kustomization, document: ParsedDocument): Diagnostic[] {
  const warnings: Diagnostic[] = [];
  for (const [field, replacement] of Object.entries(DEPRECATED)) {
    if (spec[field as keyof typeof DEPRECATED] === undefined) continue;
    warnings.push({
      ...document.source.at(offsetOf(document.node, [field])),
      code: 'deprecated',
      message: `'${field}' is deprecated. Please use '${replacement}' instead.`,
      fix: `run \`kustomize edit fix\``,
    });
  }
  return warnings;
}

/** Appends a finding for every rule the kustomization breaks. */
export function requireConsistent(spec: Kustomization, document: ParsedDocument, findings: Diagnostic[]): void {
  const report = (path: readonly (string | number)[], finding: Pick<Diagnostic, 'code' | 'message' | 'why' | 'fix'>) =>
    findings.push({ ...document.source.at(offsetOf(document.node, path)), ...finding });
  const kind = spec.kind || 'Kustomization';
  if (kind !== 'Kustomization' && kind !== 'Component') {
    report(['kind'], {
      code: 'wrong-value',
      message: `kind "${kind}" is wrong here`,
      fix: 'use Kustomization or Component',
    });
  }
  const expected = kind === 'Component' ? COMPONENT : KUSTOMIZATION;
  if (spec.apiVersion && spec.apiVersion !== expected) {
    report(['apiVersion'], {
      code: 'wrong-value',
      message: `apiVersion of a ${kind} must be ${expected}`,
      fix: `write ${expected}`,
    });
  }
  spec.buildMetadata?.forEach((option, index) => {
    if (METADATA_OPTIONS.includes(option)) return;
    const message = `unknown build metadata "${option}"`;
    report(['buildMetadata', index], { code: 'wrong-value', message, fix: `use ${METADATA_OPTIONS.join(', ')}` });
  });
  requireSortOptions(spec, report);
}

type Report = (path: readonly (string | number)[], finding: Pick<Diagnostic, 'code' | 'message' | 'fix'>) => void;

function requireSortOptions(spec: Kustomization, report: Report): void {
  const options = spec.sortOptions;
  if (!options) return;
  if (options.order !== 'fifo' && options.order !== 'legacy') {
    report(['sortOptions', 'order'], {
      code: 'wrong-value',
      message: 'sortOptions.order must be fifo or legacy',
      fix: 'choose one',
    });
  }
  if (options.order === 'fifo' && options.legacySortOptions) {
    const message = 'legacySortOptions has no meaning with order: fifo';
    report(['sortOptions', 'legacySortOptions'], {
      code: 'wrong-value',
      message,
      fix: 'remove it, or use order: legacy',
    });
  }
}
