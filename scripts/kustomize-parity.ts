/**
 * `npm run parity:kustomize -- CHECKOUT [--kustomize BINARY] [--only PATTERN]`: upstream's own tests against our build.
 * CHECKOUT is a folder with the sources of kubernetes-sigs/kustomize at the tag kustomize/v5.8.1. The expected bytes are
 * those in the Go tests. With --kustomize the golden cases of this repository are compared with that binary too.
 * Exit code 1 when fewer than 95 % of the cases agree, or one differs that docs/reference/parity.md does not name.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Outcome, runUpstreamTests } from './parity/upstream-tests.ts';

const AGREEING_PERCENT_MIN = 95;
const FOLDER = join('api', 'krusty');
const PAGE = join(import.meta.dirname, '..', 'docs', 'reference', 'parity.md');

function usage(problem: string): never {
  process.stderr.write(`${problem}\nusage: npm run parity:kustomize -- CHECKOUT [--only PATTERN]\n`);
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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' } },
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
process.exit(report(runUpstreamTests(sources, readUpstream, only)) ? 0 : 1);
