import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { type TypeNode, typeOfKind } from '../../check/model/type-tree.ts';
import { steersRoute } from '../../engine/stages/rollout/gateway-api.ts';
import type { Rollout } from '../../engine/stages/rollout/types.ts';
import { validateRollout } from '../../engine/stages/rollout/validation-references.ts';
import { isRecord } from '../../engine/vocabulary/core/json.ts';
import { kindIdOf } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { span } from '../view/lines.ts';

/** One thing that is wrong with a file. Lines and columns count from 1. */
export interface LintFinding {
  file: string;
  line: number;
  column: number;
  message: string;
  /** `engine`: a cluster with the router or plugin takes it, this engine does not. */
  by: 'argo-rollouts' | 'engine';
}

type Path = readonly (string | number)[];
type Observation = Parameters<typeof validateRollout>[0];
type ItemOf<Field extends 'services' | 'ingresses' | 'templates'> = NonNullable<ReturnType<Observation[Field]['get']>>;

/** `pern rollout lint FILE...`: what the controller would refuse, with line and column; no engine is needed. */
export async function runRolloutLint({ terminal, options, arguments: files }: Invocation): Promise<ExitCode> {
  const reports = files.map((file) => lintText(file, readText(file)));
  const findings = reports.flatMap((report) => report.findings);
  const rollouts = reports.reduce((sum, report) => sum + report.rollouts, 0);
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify({ rollouts, findings }, undefined, 2)}\n`);
  else {
    for (const { file, line, column, message } of findings) {
      terminal.line([span(`${file}:${line}:${column}`, 'strong'), span(` ${message}`)]);
    }
  }
  const seen = `${rollouts} rollout${rollouts === 1 ? '' : 's'}`;
  const what =
    findings.length === 0 ? 'nothing is wrong' : `${findings.length} finding${findings.length === 1 ? '' : 's'}`;
  terminal.note(`${seen} in ${files.length} file${files.length === 1 ? '' : 's'}: ${what}`);
  if (findings.length === 0) terminal.note('Next: pern check, for the whole tree');
  return findings.some(({ by }) => by === 'argo-rollouts') ? EXIT_CODES.finding : EXIT_CODES.ok;
}

function readText(file: string): string {
  try {
    return readFileSync(resolve(file), 'utf8');
  } catch (error) {
    throw new CliError({ what: `${file} cannot be read`, why: (error as Error).message });
  }
}

interface Placed {
  document: Document;
  object: KubeObject;
}

/** Checks every Rollout of a text against its schema, upstream's rules, and the Services and Ingresses of the same text. */
export function lintText(file: string, text: string): { rollouts: number; findings: LintFinding[] } {
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: counter, uniqueKeys: true });
  const at = (offset: number, message: string): LintFinding => {
    const { line, col } = counter.linePos(offset);
    const by = message.endsWith('is not reproduced by this engine') ? 'engine' : 'argo-rollouts';
    return { file, line, column: col, message, by };
  };
  const syntax = documents.flatMap(({ errors }) =>
    errors.map((error) => at(error.pos[0], error.message.split(' at line ')[0] as string)),
  );
  if (syntax.length > 0) return { rollouts: 0, findings: syntax };
  const placed = documents.flatMap((document): Placed[] => {
    const object = document.toJS() as unknown;
    return isManifest(object) ? [{ document, object }] : [];
  });
  const rollouts = placed.filter(({ object }) => kindIdOf(object) === 'Rollout.argoproj.io');
  const findings = rollouts.flatMap(({ document, object }) => {
    const place = (path: Path, message: string) => at(offsetOf(document, path), message);
    const unknown = [...unknownFields(object, typeOfKind(object.apiVersion, object.kind), [])];
    if (unknown.length > 0) return unknown.map((path) => place(path, `unknown field "${formatPath(path)}"`));
    const rollout = {
      ...object,
      metadata: { ...object.metadata, uid: '' },
      spec: object.spec ?? {},
    } as unknown as Rollout;
    return validateRollout(observationOf(rollout, placed)).map((error) =>
      place(parsePath(error.slice(0, error.indexOf(': '))), error),
    );
  });
  return { rollouts: rollouts.length, findings };
}

function isManifest(value: unknown): value is KubeObject {
  return isRecord(value) && typeof value.apiVersion === 'string' && typeof value.kind === 'string';
}

/** What a text does not have is not missing: it may be in another file, and `pern check` knows the whole tree. */
class Presumed<T> extends Map<string, T> {
  readonly #stub: (name: string) => T;

  constructor(items: readonly T[], stub: (name: string) => T) {
    super(items.map((item) => [(item as { metadata: { name: string } }).metadata.name, item]));
    this.#stub = stub;
  }

  override has(_name: string): boolean {
    return true;
  }

  override get(name: string): T {
    return super.get(name) ?? this.#stub(name);
  }
}

function observationOf(rollout: Rollout, placed: readonly Placed[]): Observation {
  const objects = (kind: string) =>
    placed.filter(({ object }) => kindIdOf(object) === kind).map(({ object }) => object as never);
  const presumed = <T>(kind: string, stub: (name: string) => unknown) =>
    new Presumed<T>(objects(kind), (name) => ({ metadata: { name }, ...(stub(name) as object) }) as T);
  const { stableService = '' } = rollout.spec.strategy?.canary ?? {};
  const paths = [{ backend: { service: { name: stableService } } }];
  return {
    rollout,
    replicaSets: [],
    services: presumed<ItemOf<'services'>>('Service', () => ({ spec: {} })),
    ingresses: presumed<ItemOf<'ingresses'>>('Ingress.networking.k8s.io', () => ({
      spec: { rules: [{ http: { paths } }] },
    })),
    httpRoutes: objects('HTTPRoute.gateway.networking.k8s.io').filter((route) => steersRoute(rollout, route)),
    runs: [],
    experiments: [],
    templates: presumed<ItemOf<'templates'>>('AnalysisTemplate.argoproj.io', () => ({ spec: {} })),
    clusterTemplates: presumed<ItemOf<'templates'>>('ClusterAnalysisTemplate.argoproj.io', () => ({ spec: {} })),
    pods: new Map(),
    budgets: [],
  };
}

/** Paths of fields that the kind does not have. */
function* unknownFields(value: unknown, type: TypeNode | undefined, path: Path): Generator<Path> {
  if (type === undefined) return;
  if (type.is === 'list' && Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* unknownFields(item, type.element(), [...path, index]);
  }
  if (!isRecord(value)) return;
  for (const [name, item] of Object.entries(value)) {
    if (type.is === 'map') yield* unknownFields(item, type.element(), [...path, name]);
    if (type.is !== 'struct') continue;
    const field = type.fields.get(name);
    if (field !== undefined) yield* unknownFields(item, field(), [...path, name]);
    else if (!type.open) yield [...path, name];
  }
}

function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

function parsePath(path: string): Path {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name as string) : Number(index),
  );
}

/** Where the field stands, or the nearest one around it. Upstream's paths leave the strategy's name out. */
function offsetOf(document: Document, path: Path): number {
  const isStrategy = path[0] === 'spec' && path[1] === 'strategy';
  const variants = isStrategy
    ? [path, ...['canary', 'blueGreen'].map((name) => ['spec', 'strategy', name, ...path.slice(2)])]
    : [path];
  const depth = variants.map((variant) => deepest(document, variant)).sort((a, b) => b.depth - a.depth);
  return depth[0]?.offset ?? 0;
}

function deepest(document: Document, path: Path): { depth: number; offset: number } {
  for (let depth = path.length; depth > 0; depth--) {
    const offset = offsetAt(document, path.slice(0, depth));
    if (offset !== undefined) return { depth, offset };
  }
  return { depth: 0, offset: document.contents?.range?.[0] ?? 0 };
}

/** Where a member's name, or a list's item, begins. */
function offsetAt(document: Document, path: Path): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const node = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
