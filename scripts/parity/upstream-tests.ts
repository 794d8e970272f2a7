/** Upstream's own test functions, run against our build: files they write, builds they run, outputs they expect. */
import {
  type BuildOptions,
  build,
  type FileSystem,
  KustomizeError,
  memoryFileSystem,
  toYaml,
} from '../../engine/mechanism/lib/kustomize/index.ts';
import { GoProgram, type Host, UNKNOWN, type Value } from './go-program.ts';

export interface Outcome {
  /** `TestName`, with `#2` for the second assertion of one test. */
  name: string;
  /** `bytes`: the output is in the test. `refusal`: the test expects an error; its words are not compared. */
  expects: 'bytes' | 'refusal';
  result: 'same' | 'different' | 'failed' | 'skipped';
  /** For anything but `same`. */
  detail?: string;
}

/** Reads the text of a file of the checkout, for what tests take from upstream's own data; undefined: none. */
export type ReadUpstream = (path: string) => string | undefined;

interface Harness {
  files: Map<string, string>;
}

interface Built {
  output?: string;
  error?: Error;
}

/** Ends one test function early: nothing after this can be trusted. */
class Skip extends Error {}

/** The version our build stands for. */
const VERSION = 'v5.8.1';

const KUSTOMIZATION_HEAD = '\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n';
const COMPONENT_HEAD = '\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n';

/** What the issue leaves out on purpose; matched against the files a test writes. */
const OUT_OF_SCOPE: readonly [RegExp, string][] = [
  [/helmCharts:|helmChartInflationGenerator:|HelmChartInflationGenerator/, 'Helm'],
  [/^\s*(container|exec|starlark):|config\.kubernetes\.io\/function/m, 'functions'],
  [/(https?|ssh):\/\/\S*(git|\?ref=)|git@|^\s*- github\.com\//m, 'remote URLs'],
  [/^apiVersion: someteam\.example\.com/m, 'plugins outside of the binary'],
];

const DEFAULT_TABLES = [
  'nameprefix',
  'namesuffix',
  'commonlabels',
  'templatelabels',
  'commonannotations',
  'namespace',
  'varreference',
  'namereference',
  'images',
  'replicas',
];

/** What a real binary prints for a tree of files; undefined when it refuses. */
export type RunBinary = (
  files: ReadonlyMap<string, string>,
  directory: string,
  unrestricted: boolean,
) => string | undefined;

/** Runs every test function of a package. `only` limits them by name; `binary` is asked about every tree as well. */
export function runUpstreamTests(
  sources: readonly string[],
  readUpstream: ReadUpstream,
  { only, binary }: { only?: RegExp; binary?: RunBinary },
): Outcome[] {
  const outcomes: Outcome[] = [];
  const runner = new Runner(readUpstream, binary);
  const program = new GoProgram(sources, runner);
  for (const name of [...program.functions.keys()].sort()) {
    if (!name.startsWith('Test') || only?.test(name) === false) continue;
    outcomes.push(...runner.run(name, () => program.call(name, [{ testing: true }])));
  }
  return outcomes;
}

class Runner implements Host {
  private readonly readUpstream: ReadUpstream;
  private readonly binary: RunBinary | undefined;
  private outcomes: Outcome[] = [];
  private test = '';
  private needs: string | undefined;

  constructor(readUpstream: ReadUpstream, binary: RunBinary | undefined) {
    this.readUpstream = readUpstream;
    this.binary = binary;
  }

  /** A test function without any assertion that this understands is one skipped outcome. */
  run(name: string, test: () => void): Outcome[] {
    this.outcomes = [];
    this.test = name;
    this.needs = undefined;
    try {
      test();
    } catch (error) {
      if (!(error instanceof Skip)) throw error;
      this.record({ expects: 'bytes', result: 'skipped', detail: error.message });
    }
    if (this.outcomes.length === 0) {
      const detail = this.needs === undefined ? 'compares no output of a build' : `needs ${this.needs}`;
      this.record({ expects: 'bytes', result: 'skipped', detail });
    }
    return this.outcomes;
  }

  private record(outcome: Omit<Outcome, 'name'>): void {
    const suffix = this.outcomes.length === 0 ? '' : `#${this.outcomes.length + 1}`;
    this.outcomes.push({ name: `${this.test}${suffix}`, ...outcome });
  }

  external(path: string): Value | undefined {
    switch (path) {
      case 'true':
      case 'false':
        return path === 'true';
      case 'nil':
        return null;
      case 'string':
        return (args: Value[]) => args[0];
      case 'kusttest_test.MakeHarness':
      case 'kusttest_test.MakeHarnessWithFs':
      case 'kusttest_test.MakeEnhancedHarness':
      case 'kusttest_test.MakeEnhancedHarnessWithTmpRoot':
      case 'filesys.MakeFsInMemory':
      case 'filesys.MakeFsOnDisk':
        this.needs = undefined;
        return (args: Value[]) => (isHarness(args[1]) ? args[1] : { files: new Map() });
      case 'filepath.Join':
      case 'path.Join':
        return joinPaths;
      case 'fmt.Sprintf':
        return sprintf;
      case 'strings.TrimSpace':
        return ([text]: Value[]) => (typeof text === 'string' ? text.trim() : UNKNOWN);
      case 'strings.Replace':
      case 'strings.ReplaceAll':
        return ([text, from, to]: Value[]) =>
          strings(text, from, to)?.reduce((a, b, i, all) => (i === 0 ? a : i === 1 ? a.split(b).join(all[2]) : a)) ??
          UNKNOWN;
      case 'strings.Join':
        return ([parts, by]: Value[]) =>
          Array.isArray(parts)
            ? (strings(...parts, by)
                ?.slice(0, -1)
                .join(String(by)) ?? UNKNOWN)
            : UNKNOWN;
      case 'os.ReadFile':
        return ([name]: Value[]) => [this.readUpstream(`api/krusty/${clean(String(name))}`) ?? UNKNOWN, null];
      case 'filesys.NewTmpConfirmedDir':
        return () => [{ folder: '/tmp/test' }, null];
      case 'konfig.DefaultKustomizationFileName':
        return () => 'kustomization.yaml';
      case 'konfig.RecognizedKustomizationFileNames':
        return () => ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
      case 'krusty.MakeDefaultOptions':
        return () => new Map();
      case 'krusty.ReorderOptionUnspecified':
      case 'krusty.ReorderOptionLegacy':
        return 'legacy';
      case 'types.LoadRestrictionsNone':
        return 'no-restrictions';
      case 'krusty.MakeKustomizer':
        return ([options]: Value[]) => ({ kustomizer: options });
      case 'assert.Equal':
      case 'require.Equal':
        return ([, expected, actual]: Value[]) => this.assertEqual(expected, actual);
      default:
        return undefined;
    }
  }

  assign(target: Value, name: string, value: Value): void {
    if (target instanceof Map) target.set(name, value);
  }

  member(value: Value, name: string): Value | undefined {
    if (isHarness(value)) return this.harnessMember(value, name);
    if (isBuilt(value)) {
      if (name === 'AsYaml') return () => [value.error === undefined ? { yamlOf: value } : UNKNOWN, null];
      return undefined;
    }
    if (typeof value !== 'object' || value === null) return undefined;
    if ('testing' in value && name === 'Run') {
      return ([, body]: Value[]) => (typeof body === 'function' ? body([{ testing: true }]) : UNKNOWN);
    }
    if ('folder' in value && name === 'String') return () => value.folder;
    if ('kustomizer' in value && name === 'Run') {
      return ([harness, directory]: Value[]) => {
        if (!isHarness(harness) || typeof directory !== 'string') return [UNKNOWN, UNKNOWN];
        const built = this.build(harness, directory, value.kustomizer);
        return [built, built.error === undefined ? null : { failedBuild: built.error }];
      };
    }
    return undefined;
  }

  private harnessMember(harness: Harness, name: string): Value | undefined {
    const write = (head: string, file: string) => (args: Value[]) => this.write(harness, args[0], file, head, args[1]);
    switch (name) {
      case 'WriteK':
        return write(KUSTOMIZATION_HEAD, 'kustomization.yaml');
      case 'WriteC':
        return write(COMPONENT_HEAD, 'kustomization.yaml');
      case 'WriteF':
      case 'WriteFile':
        return write('', '');
      case 'WriteLegacyConfigs':
        return ([path]: Value[]) => this.write(harness, path, '', '', this.legacyConfigs());
      case 'MakeDefaultOptions':
      case 'MakeOptionsPluginsDisabled':
      case 'MakeOptionsPluginsEnabled':
        return () => new Map();
      case 'Harness':
        return harness;
      case 'GetFSys':
      case 'PrepBuiltin':
      case 'Reset':
        return () => harness;
      case 'GetRoot':
      case 'GetT':
        return () => '/';
      case 'Join':
        return joinPaths;
      case 'ErrIfNoHelm':
        return () => this.require('Helm');
      case 'BuildGoPlugin':
      case 'PrepExecPlugin':
        return () => {
          this.require('plugins outside of the binary');
          return harness;
        };
      case 'Run':
        return ([directory, options]: Value[]) => this.build(harness, directory, options);
      case 'RunWithErr':
        return ([directory, options]: Value[]) => this.expectRefusal(this.build(harness, directory, options));
      case 'AssertActualEqualsExpected':
      case 'AssertActualEqualsExpectedNoIdAnnotations':
        return ([built, expected]: Value[]) => this.compare(built, expected);
      case 'AssertActualEqualsExpectedWithTweak':
        return ([built, tweak, expected]: Value[]) => this.compare(built, expected, tweak !== null);
      default:
        return undefined;
    }
  }

  private require(feature: string): undefined {
    this.needs = feature;
    return undefined;
  }

  private write(harness: Harness, path: Value, file: string, head: string, content: Value): Value {
    if (typeof path !== 'string' || typeof content !== 'string')
      throw new Skip('writes a file whose name or content this script cannot work out');
    harness.files.set(clean(file === '' ? path : `${path}/${file}`), head + content);
    return null;
  }

  private build(harness: Harness, directory: Value, options: Value): Built {
    if (typeof directory !== 'string') throw new Skip('builds a directory whose name this script cannot work out');
    const given = options instanceof Map ? options : new Map();
    const buildOptions: BuildOptions = {
      order: given.get('Reorder') === 'legacy' ? 'legacy' : 'input',
      loadRestrictor: given.get('LoadRestrictions') === 'no-restrictions' ? 'none' : 'root-only',
    };
    if (given.get('AddManagedbyLabel') === true) this.require('--enable-managedby-label');
    for (const [pattern, feature] of OUT_OF_SCOPE) {
      if ([...harness.files.values()].some((text) => pattern.test(text))) this.require(feature);
    }
    const needs = this.needs;
    if (needs !== undefined) return { error: new Skip(`needs ${needs}`) };
    const files = memoryFileSystem(new Map(harness.files));
    this.askBinary(harness, files, clean(directory), buildOptions);
    return attempt(files, clean(directory), buildOptions);
  }

  /** The command line sorts in the legacy order, so this is a build of its own. */
  private askBinary(harness: Harness, files: FileSystem, directory: string, options: BuildOptions): void {
    if (this.binary === undefined) return;
    const real = this.binary(harness.files, directory, options.loadRestrictor === 'none');
    const { output, error } = attempt(files, directory, { ...options, order: 'legacy' });
    const expects = real === undefined ? 'refusal' : 'bytes';
    if (output === real) this.record({ expects, result: 'same' });
    else if (real === undefined) this.record({ expects, result: 'different', detail: 'the binary refuses this' });
    else if (error !== undefined) this.record({ expects, result: 'failed', detail: error.message });
    else this.record({ expects, result: 'different', detail: `binary, ${firstDifference(real, output ?? '')}` });
  }

  private expectRefusal({ error }: Built): Value {
    if (error instanceof Skip) this.record({ expects: 'refusal', result: 'skipped', detail: error.message });
    else if (error !== undefined) this.record({ expects: 'refusal', result: 'same' });
    else
      this.record({ expects: 'refusal', result: 'different', detail: 'upstream refuses this, our build accepts it' });
    return { failedBuild: error };
  }

  private assertEqual(expected: Value, actual: Value): void {
    for (const [text, other] of [
      [expected, actual],
      [actual, expected],
    ]) {
      if (typeof text === 'string' && typeof other === 'object' && other !== null && 'yamlOf' in other)
        this.compare(other.yamlOf, text, false, false);
    }
  }

  private compare(built: Value, expected: Value, isTweaked = false, dropsFirstNewline = true): void {
    this.record({ expects: 'bytes', ...compared(built, expected, isTweaked, dropsFirstNewline) });
  }

  /** The default field tables as configuration text: raw strings of upstream's sources. */
  private legacyConfigs(): Value {
    const folder = 'api/internal/konfig/builtinpluginconsts';
    const texts = DEFAULT_TABLES.map((name) => {
      const source = this.readUpstream(`${folder}/${name}.go`);
      return source === undefined ? undefined : /`([^`]*)`/.exec(source)?.[1];
    });
    return texts.includes(undefined) ? UNKNOWN : texts.join('\n');
  }
}

function compared(
  built: Value,
  expected: Value,
  isTweaked: boolean,
  dropsFirstNewline: boolean,
): Pick<Outcome, 'result' | 'detail'> {
  if (!isBuilt(built)) return { result: 'skipped', detail: 'compares something else than a build' };
  if (built.error instanceof Skip) return { result: 'skipped', detail: built.error.message };
  if (typeof expected !== 'string' || isTweaked)
    return { result: 'skipped', detail: 'expects an output this script cannot work out' };
  if (built.error !== undefined) return { result: 'failed', detail: built.error.message };
  // A test binary has no version; a released one prints its own.
  const stamped = expected.replaceAll('kustomize-(test)', `kustomize-${VERSION}`);
  const wanted = dropsFirstNewline ? stamped.replace(/^\n/, '') : stamped;
  if (built.output === wanted) return { result: 'same' };
  return { result: 'different', detail: firstDifference(wanted, built.output ?? '') };
}

function attempt(files: FileSystem, directory: string, options: BuildOptions): Built {
  try {
    return { output: toYaml(build(files, directory, options).resources) };
  } catch (error) {
    if (error instanceof KustomizeError) return { error };
    throw error;
  }
}

function isHarness(value: Value): value is Harness {
  return typeof value === 'object' && value !== null && 'files' in value;
}

function isBuilt(value: Value): value is Built {
  return typeof value === 'object' && value !== null && ('output' in value || 'error' in value);
}

function strings(...values: Value[]): string[] | undefined {
  return values.every((value) => typeof value === 'string') ? (values as string[]) : undefined;
}

/** A path from the root of the test's file system: no leading slash, no `.` and `..`. */
function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function joinPaths(args: Value[]): Value {
  const parts = args.filter((part) => part !== '');
  const texts = strings(...parts);
  return texts === undefined ? UNKNOWN : `${texts[0]?.startsWith('/') ? '/' : ''}${clean(texts.join('/'))}`;
}

function sprintf([format, ...args]: Value[]): Value {
  if (typeof format !== 'string' || args.some((arg) => typeof arg !== 'string' && typeof arg !== 'number'))
    return UNKNOWN;
  let index = 0;
  return format.replace(/%([svdq%])/g, (_, verb: string) => {
    if (verb === '%') return '%';
    const text = String(args[index++]);
    return verb === 'q' ? JSON.stringify(text) : text;
  });
}

/** Where two texts part, as one line. */
export function firstDifference(wanted: string, found: string): string {
  const [left, right] = [wanted.split('\n'), found.split('\n')];
  const line = left.findIndex((text, index) => text !== right[index]);
  const at = line < 0 ? left.length : line;
  return `line ${at + 1}: wanted ${JSON.stringify(left[at] ?? '(end)')}, found ${JSON.stringify(right[at] ?? '(end)')}`;
}
