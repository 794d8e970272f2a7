/**
 * `npm run parity:kustomize -- CHECKOUT [--kustomize BINARY] [--only PATTERN]`: upstream's own tests against our build.
 * CHECKOUT is a folder with the sources of kubernetes-sigs/kustomize at the tag kustomize/v5.8.1. The expected bytes are
 * those in the Go tests. With --kustomize every tree of files is built by that binary as well, and compared.
 * Exit code 1 when fewer than 95 % of the cases agree, or one differs that docs/reference/parity.md does not name.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Outcome, type RunBinary, runUpstreamTests } from './parity/upstream-tests.ts';

const AGREEING_PERCENT_MIN = 95;
const FOLDER = join('api', 'krusty');
const PAGE = join(import.meta.dirname, '..', 'docs', 'reference', 'parity.md');

function usage(problem: string): never {
  process.stderr.write(
    `${problem}\nusage: npm run parity:kustomize -- CHECKOUT [--kustomize BINARY] [--only PATTERN]\n`,
  );
  process.exit(2);
}

function report(outcomes: readonly Outcome[]): boolean {
  const page = readFileSync(PAGE, 'utf8');
  const isListed = (name: string) => page.includes(`\`${name.replace(/#.*/, '')}\``);
  const counted = outcomes.filter(({ result }) => result !== 'skipped');
  const passed = counted.filter(({ result }) => result === 'same');
  const others = counted.filter(({ result }) => result !== 'same');
  for (const { name, detail } of outcomes.filter(({ result }) => result === 'skipped'))
    process.stdout.write(`skipped    ${name}: ${detail}\n`);
  for (const { name, result, detail = '' } of others) {
    process.stdout.write(`${result.padEnd(10)} ${name}: ${detail.replaceAll('\n', '\n           ')}\n`);
    if (!isListed(name)) process.stdout.write('           not named in docs/reference/parity.md\n');
  }
  const count = (expects: Outcome['expects'], list: readonly Outcome[]) =>
    list.filter((outcome) => outcome.expects === expects).length;
  const percent = (100 * passed.length) / Math.max(1, counted.length);
  process.stdout.write(
    `outputs: ${count('bytes', passed)} of ${count('bytes', counted)} byte-equal; refusals: ${count('refusal', passed)} of ` +
      `${count('refusal', counted)}; ${outcomes.length - counted.length} skipped; ${percent.toFixed(1)} % agree\n` +
      `${passed.length} passed, ${others.length} failed\n`,
  );
  return percent >= AGREEING_PERCENT_MIN && others.every(({ name }) => isListed(name));
}

function realBinary(command: string): RunBinary {
  const version = spawnSync(command, ['version'], { encoding: 'utf8' });
  if (version.status !== 0) usage(`--kustomize ${command}: ${version.error?.message ?? version.stderr}`);
  process.stderr.write(`comparing with ${command} ${version.stdout.trim()} as well\n`);
  return (files, directory, unrestricted) => {
    const root = mkdtempSync(join(tmpdir(), 'kustomize-parity-'));
    for (const [path, text] of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const restrictor = unrestricted ? ['--load-restrictor', 'LoadRestrictionsNone'] : [];
    const built = spawnSync(command, ['build', join(root, directory), ...restrictor], { encoding: 'utf8' });
    rmSync(root, { recursive: true, force: true });
    return built.status === 0 ? built.stdout : undefined;
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, kustomize: { type: 'string' } },
});
const [checkout] = positionals;
if (checkout === undefined) usage('the folder of an upstream checkout is missing');
const folder = join(checkout, FOLDER);
if (!existsSync(folder)) usage(`${checkout} has no ${FOLDER}`);
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('_test.go'))
  .sort()
  .map((name) => readFileSync(join(folder, name), 'utf8'));
const readUpstream = (path: string) =>
  existsSync(join(checkout, path)) ? readFileSync(join(checkout, path), 'utf8') : undefined;
const only = values.only === undefined ? undefined : new RegExp(values.only);
const binary = values.kustomize === undefined ? undefined : realBinary(values.kustomize);
process.exit(report(runUpstreamTests(sources, readUpstream, { only, binary })) ? 0 : 1);
