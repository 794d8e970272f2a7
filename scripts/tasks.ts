/** The repository's own tasks: `npm run check | test | fix | bench | parity:kustomize`. Runs under Node 24 through bootstrap.mjs. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tidy } from './tidy.ts';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

function run(title: string, command: string, args: readonly string[]): boolean {
  process.stderr.write(`${title}\n`);
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

/** Types, lint and format, architecture and tidiness. All are run, so that one call shows everything. */
function check(): boolean {
  const types = run('types', bin('tsc'), ['-p', '.']);
  const lint = run('lint and format', bin('biome'), ['check', '.']);
  process.stderr.write('architecture\n');
  const findings = tidy(root);
  for (const finding of findings) process.stderr.write(`${finding}\n`);
  return types && lint && findings.length === 0;
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { name: string; status: string; assertionResults: unknown[] }[];
}

/** Runs the tests and closes with the line `N passed, N failed`. A file that does not load counts as one failure. */
function test(args: readonly string[]): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'pern-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const passed = run('tests', bin('vitest'), ['run', ...reporters, ...args]);
  let line = '0 passed, 1 failed';
  if (existsSync(report)) {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as VitestReport;
    const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    line = `${numPassedTests} passed, ${numFailedTests + broken} failed${skipped}`;
  }
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`${line}\n`);
  return passed;
}

const [task, ...args] = process.argv.slice(2);
/** Runs a program of the repository with the arguments of this call. */
function script(title: string, file: string): boolean {
  return run(title, process.execPath, ['--disable-warning=ExperimentalWarning', join(root, file), ...args]);
}

const tasks: Record<string, () => boolean> = {
  check,
  test: () => test(args),
  fix: () => run('lint and format', bin('biome'), ['check', '--write', '.']),
  'parity:kustomize': () => script('kustomize parity', 'scripts/kustomize-parity.ts'),
  'conformance:promql': () => script('PromQL conformance', 'engine/mechanism/lib/promql/conformance-cli/main.ts'),
  bench: () => script('bench', 'bench/main.ts'),
};
const chosen = tasks[task ?? ''];
if (chosen === undefined) {
  process.stderr.write(`unknown task "${task ?? ''}"; there are: ${Object.keys(tasks).join(', ')}\n`);
  process.exit(2);
}
process.exit(chosen() ? 0 : 1);
