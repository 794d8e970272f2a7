/**
 * Entry point of `npm run conformance:promql -- FILE...`: runs test scripts, lists what failed and what is not
 * reproduced, and closes with `N passed, N failed`. Exit code 0 when nothing failed, 1 when something did, 2 when a
 * file cannot be read.
 */
import { readFileSync } from 'node:fs';
import { runScript } from '../conformance.ts';

const files = process.argv.slice(2).filter((arg) => arg !== '--verbose');
const verbose = process.argv.includes('--verbose');
if (files.length === 0) {
  process.stderr.write('usage: npm run conformance:promql -- [--verbose] FILE...\n');
  process.exit(2);
}

const totals = { passed: 0, failed: 0, unsupported: 0 };
for (const file of files) {
  const counts = { passed: 0, failed: 0, unsupported: 0 };
  try {
    for (const outcome of runScript(readFileSync(file, 'utf8'))) {
      counts[outcome.status] += 1;
      if (outcome.status === 'failed' || (verbose && outcome.status === 'unsupported')) {
        process.stdout.write(`${file}:${outcome.line}: ${outcome.status}: ${outcome.query}\n    ${outcome.reason}\n`);
      }
    }
  } catch (error) {
    process.stderr.write(`${file}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
  process.stdout.write(
    `${file}: ${counts.passed} passed, ${counts.failed} failed, ${counts.unsupported} not reproduced\n`,
  );
  for (const status of ['passed', 'failed', 'unsupported'] as const) totals[status] += counts[status];
}
if (totals.unsupported > 0)
  process.stdout.write(
    `${totals.unsupported} not reproduced (native histograms and experimental syntax; --verbose lists them)\n`,
  );
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`);
process.exitCode = totals.failed === 0 ? 0 : 1;
