import {
  build,
  type FileSystem,
  KustomizeError,
  type KustomizeOverrides,
  ParseCache,
} from '../../engine/mechanism/lib/kustomize/index.ts';
import { SourceError } from '../../engine/stages/commit/failures.ts';
import { normaliseRepoUrl } from '../../engine/stages/commit/repo-url.ts';
import { renderDirectory } from '../../engine/stages/render/directory.ts';
import { findKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { Place } from '../finding.ts';
import { isRecord, type PlacedObject, placedObject, textAt } from './placed-object.ts';
import { recordingFileSystem } from './recording-file-system.ts';
import type { SourceDocument, SourceFile } from './source.ts';
import type { TreeOptions } from './tree.ts';

/** Something that is deployed as one: an Application's sources, or a directory that no Application reaches. */
export interface Deployment {
  /** Name of the Application, or path of the directory. */
  name: string;
  /** `files`: objects in files that nothing includes; somebody may apply them by hand. */
  via: 'application' | 'kustomization' | 'files';
  /** The Application; undefined for a directory that no Application reaches. */
  application: PlacedObject | undefined;
  /** Where the Application's objects go when they name no namespace themselves. */
  namespace: string;
  objects: readonly PlacedObject[];
  /** Files that the rendering read. */
  read: ReadonlySet<string>;
  /** Why something of it could not be rendered. */
  failures: readonly RenderFailure[];
  /** Sources that are not in this tree: other repositories, charts. Not a fault, and not checked. */
  elsewhere: readonly string[];
}

export interface RenderFailure {
  at: Place;
  message: string;
  why?: string;
  fix?: string;
}

export interface ApplicationSource {
  repoURL: string;
  path: string;
  kustomize: KustomizeOverrides | undefined;
  directory: Record<string, unknown> | undefined;
  isForeign: boolean;
}

/** The Applications an ApplicationSet stands for. Throws with a message when it cannot be expanded from files alone. */
export type ExpandSet = (
  set: Readonly<Record<string, unknown>>,
  files: FileSystem,
) => readonly Record<string, unknown>[];

interface World {
  files: FileSystem;
  sources: ReadonlyMap<string, SourceFile>;
  kustomizations: ReadonlyMap<string, 'Kustomization' | 'Component'>;
  options: TreeOptions;
}

/** More Applications than this in one tree is a generator run wild. */
const APPLICATIONS_MAX = 5000;
const PARSED = new ParseCache();

/**
 * Follows the tree as Argo CD would: from the Applications that nothing else deploys to what they render, to the
 * Applications among that, and so on; then renders the kustomizations that nobody reached.
 */
export function deployTree(world: World): Deployment[] {
  return new Walk(world).run();
}

class Walk {
  readonly #world: World;
  readonly #deployments: Deployment[] = [];
  readonly #seen = new Set<string>();
  /** What building each kustomization reads. */
  readonly #reads: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(world: World) {
    this.#world = world;
    this.#reads = new Map(
      [...world.kustomizations.keys()].map((directory) => [directory, readsOf(world.files, directory)]),
    );
  }

  run(): Deployment[] {
    for (const document of this.#looseDocuments()) {
      if (isArgo(document.value, 'Application') || isArgo(document.value, 'ApplicationSet')) {
        this.#follow(this.#place(document.value as Record<string, unknown>, '', document, []));
      }
    }
    for (const [directory, kind] of this.#world.kustomizations) {
      if (kind === 'Kustomization' && this.#isTop(directory)) this.#deployDirectory(directory);
    }
    this.#deployLooseFiles();
    return this.#deployments;
  }

  /** Objects in files that no kustomization includes: people apply them by hand, or an Application reads their folder. */
  #looseDocuments(): SourceDocument[] {
    const included = new Set([...this.#reads.values()].flatMap((read) => [...read]));
    return [...this.#world.sources.values()]
      .filter(({ path }) => !included.has(path))
      .flatMap(({ documents }) => documents)
      .filter(({ value }) => isObject(value));
  }

  /** Nobody reached it, and no other kustomization builds on it. */
  #isTop(directory: string): boolean {
    const isBelow = (path: string) => parentOf(path) === directory;
    if (this.#deployments.some(({ read }) => [...read].some(isBelow))) return false;
    return ![...this.#reads].some(([other, read]) => other !== directory && [...read].some(isBelow));
  }

  #deployLooseFiles(): void {
    const deployed = new Set(this.#deployments.flatMap(({ read }) => [...read]));
    const loose = this.#looseDocuments().filter(({ file }) => !deployed.has(file));
    for (const [directory, documents] of Map.groupBy(loose, ({ file }) => parentOf(file))) {
      const objects = documents.map((document) =>
        this.#place(document.value as Record<string, unknown>, '', document, []),
      );
      const read = new Set(documents.map(({ file }) => file));
      this.#deployments.push({
        ...emptyDeployment('files', directory === '' ? '.' : directory, undefined),
        objects,
        read,
      });
    }
  }

  #follow(object: PlacedObject): void {
    if (object.kind === 'ApplicationSet') this.#followSet(object);
    else if (object.kind === 'Application') this.#deployApplication(object);
  }

  #followSet(object: PlacedObject): void {
    let applications: readonly Record<string, unknown>[];
    try {
      applications = this.#world.options.expandSet(object.value, this.#world.files);
    } catch (error) {
      const message = `the set cannot be expanded: ${(error as Error).message}`;
      this.#deployments.push({
        ...emptyDeployment('application', object.name, object),
        failures: [{ at: object.place(['spec', 'generators']), message }],
      });
      return;
    }
    for (const value of applications) {
      const namespace = textAt(value.metadata, 'namespace') || object.namespace;
      this.#deployApplication(
        placedObject({
          value,
          namespace,
          source: undefined,
          patches: [],
          fallback: object.place(['spec', 'template']),
        }),
      );
    }
  }

  #deployApplication(application: PlacedObject): void {
    const id = `${application.namespace}/${application.name}`;
    if (this.#seen.has(id) || this.#seen.size >= APPLICATIONS_MAX) return;
    this.#seen.add(id);
    const spec = isRecord(application.value.spec) ? application.value.spec : {};
    const destination = isRecord(spec.destination) ? spec.destination : {};
    const namespace = textAt(destination, 'namespace');
    const read = new Set<string>();
    const objects: PlacedObject[] = [];
    const failures: RenderFailure[] = [];
    const elsewhere: string[] = [];
    for (const source of sourcesOf(spec)) {
      if (source.isForeign || !this.#isHere(source)) elsewhere.push(source.repoURL);
      else this.#render(source, namespace, application.place(['spec', 'source']), { read, objects, failures });
    }
    this.#deployments.push({
      via: 'application',
      name: application.name,
      application,
      namespace,
      objects,
      read,
      failures,
      elsewhere,
    });
    for (const object of objects) this.#follow(object);
  }

  #isHere({ repoURL, path }: ApplicationSource): boolean {
    const { repositories } = this.#world.options;
    const known = repositories.map(normaliseRepoUrl);
    return known.length > 0
      ? known.includes(normaliseRepoUrl(repoURL))
      : this.#world.files.readDirectory(path) !== undefined;
  }

  #deployDirectory(directory: string): void {
    const name = directory === '' ? '.' : directory;
    const fallback = { file: `${name}/kustomization.yaml`, line: 1, column: 1 };
    const parts = { read: new Set<string>(), objects: [] as PlacedObject[], failures: [] as RenderFailure[] };
    const source = { repoURL: '', path: directory, kustomize: undefined, directory: undefined, isForeign: false };
    this.#render(source, '', fallback, parts);
    this.#deployments.push({ ...emptyDeployment('kustomization', name, undefined), ...parts });
    for (const object of parts.objects) this.#follow(object);
  }

  #render(
    source: ApplicationSource,
    namespace: string,
    fallback: Place,
    into: { read: Set<string>; objects: PlacedObject[]; failures: RenderFailure[] },
  ): void {
    const recorder = recordingFileSystem(this.#world.files);
    try {
      const rendered = this.#renderFiles(recorder.files, source);
      const patches = this.#patchesAmong(recorder.read);
      for (const { value, at } of rendered) {
        const document = this.#documentAt(at);
        into.objects.push(this.#place(value, namespace, document, patches, at));
      }
    } catch (error) {
      into.failures.push(...renderFailures(error, fallback));
    }
    for (const path of recorder.read) into.read.add(path);
  }

  #renderFiles(files: FileSystem, source: ApplicationSource): { value: Record<string, unknown>; at: Place }[] {
    const path = source.path.replace(/^\.\/?|\/$/g, '');
    if (this.#world.kustomizations.has(path) && source.directory === undefined) {
      const { resources, origins } = build(files, path, { overrides: source.kustomize ?? {}, cache: PARSED });
      return resources.map((value, index) => ({ value, at: origins[index] as Place }));
    }
    return renderDirectory(files, path, source.directory ?? {}).map(({ manifest, at }) => ({
      value: manifest as unknown as Record<string, unknown>,
      at: { file: at.file, line: at.line ?? 1, column: at.column ?? 1 },
    }));
  }

  /** Documents of the rendering that declare no object of their own: strategic merge patches. */
  #patchesAmong(read: ReadonlySet<string>): SourceDocument[] {
    return [...read].flatMap((path) => this.#world.sources.get(path)?.documents ?? []);
  }

  #documentAt(at: Place): SourceDocument | undefined {
    const documents = this.#world.sources.get(at.file)?.documents ?? [];
    return [...documents].reverse().find((document) => document.at.line <= at.line) ?? documents[0];
  }

  #place(
    value: Record<string, unknown>,
    destinationNamespace: string,
    source: SourceDocument | undefined,
    documents: readonly SourceDocument[],
    fallback: Place = source?.at ?? { file: '', line: 1, column: 1 },
  ): PlacedObject {
    const own = textAt(value.metadata, 'namespace');
    const namespace = isClusterScoped(value) ? '' : own || destinationNamespace;
    const patches = documents.filter((document) => document !== source);
    const declares = isRecord(source?.value) && source.value.kind === value.kind ? source : undefined;
    return placedObject({ value, namespace, source: declares, patches, fallback });
  }
}

/** The files a build reads, also of one that fails: what it got to. */
function readsOf(files: FileSystem, directory: string): ReadonlySet<string> {
  const recorder = recordingFileSystem(files);
  try {
    build(recorder.files, directory, { cache: PARSED });
  } catch (error) {
    if (!(error instanceof KustomizeError)) throw error;
  }
  return recorder.read;
}

function isObject(value: unknown): boolean {
  return (
    textAt(value, 'apiVersion') !== '' &&
    textAt(value, 'kind') !== '' &&
    !/^kustomize\.config\.k8s\.io\//.test(textAt(value, 'apiVersion'))
  );
}

function emptyDeployment(via: Deployment['via'], name: string, application: PlacedObject | undefined): Deployment {
  return {
    via,
    name,
    application,
    namespace: '',
    objects: [],
    read: new Set(),
    failures: [],
    elsewhere: [],
  };
}

function renderFailures(error: unknown, fallback: Place): RenderFailure[] {
  if (error instanceof KustomizeError) {
    return error.diagnostics.map(({ file, line, column, message, why, fix }) => ({
      at: { file, line, column },
      message,
      ...(why === undefined ? {} : { why }),
      ...(fix === undefined ? {} : { fix }),
    }));
  }
  if (error instanceof SourceError) {
    const { message, at, fix } = error.failure;
    const place = at === undefined ? fallback : { file: at.file, line: at.line ?? 1, column: at.column ?? 1 };
    return [{ at: place, message, ...(fix === undefined ? {} : { fix }) }];
  }
  throw error;
}

function isClusterScoped(value: Record<string, unknown>): boolean {
  const apiVersion = textAt(value, 'apiVersion');
  const kind = textAt(value, 'kind');
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return findKind(group === '' ? kind : `${kind}.${group}`)?.namespaced === false;
}

export function isArgo(value: unknown, kind: string): boolean {
  return textAt(value, 'kind') === kind && textAt(value, 'apiVersion').startsWith('argoproj.io/');
}

/** `spec.source` or `spec.sources`, read leniently: what is malformed is another rule's finding. */
export function sourcesOf(spec: Readonly<Record<string, unknown>>): ApplicationSource[] {
  const list = Array.isArray(spec.sources) && spec.sources.length > 0 ? spec.sources : [spec.source];
  return list.filter(isRecord).map((source) => ({
    repoURL: textAt(source, 'repoURL'),
    path: textAt(source, 'path'),
    kustomize: isRecord(source.kustomize) ? (source.kustomize as KustomizeOverrides) : undefined,
    directory: isRecord(source.directory) ? source.directory : undefined,
    isForeign: textAt(source, 'chart') !== '' || isRecord(source.helm) || isRecord(source.plugin),
  }));
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}
