import { type Failure, fuzzOne, storyLines } from '../../rehearse/fuzz/fuzz.ts';
import { clockText, offsetText } from '../../rehearse/report/words.ts';
import { environmentFolders, withoutEnvironments } from '../../rehearse/world/tree-files.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { explained, readRehearsedTree } from './rehearse.ts';

const COMPONENTS = ['backend', 'frontend'];

/** `pern rehearse --fuzz N --seed S`: worlds S, S+1, …; the first broken promise ends it. */
export async function runFuzz(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal, now, signal } = invocation;
  const count = options.count('fuzz') ?? 0;
  if (count === 0) throw new CliError({ what: '--fuzz 0 plays nothing', fix: 'give a number of worlds, such as 100' });
  const first = options.count('seed') ?? 1;
  const whole = await readRehearsedTree(invocation);
  const folders = environmentFolders(whole.files);
  const environment = folders.includes('development') ? 'development' : folders[0];
  if (environment === undefined) {
    throw new CliError({
      what: 'this tree has no folder overlays/NAME',
      fix: 'fuzzing needs our layout of environments',
    });
  }
  const tree = { files: withoutEnvironments(whole.files, new Set([environment])), root: whole.root };
  const space = { environment, components: COMPONENTS };
  terminal.note(`Playing ${count} worlds of ${environment} from seed ${first}`);
  const beganMs = now();
  for (let seed = first; seed < first + count && !signal.aborted; seed++) {
    const failure = explained(() => fuzzOne(seed, space, tree));
    if (failure !== undefined) return tellFailure(invocation, failure);
  }
  const seconds = (now() - beganMs) / 1000;
  const result = { worlds: count, firstSeed: first, violations: 0, seconds };
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(result, undefined, 2)}\n`);
  else terminal.line(`${count} worlds, every promise kept (${seconds.toFixed(1)} s)`);
  return EXIT_CODES.ok;
}

function tellFailure({ options, terminal }: Invocation, { seed, violation, story, startMs }: Failure): ExitCode {
  const replay = `pern rehearse --fuzz 1 --seed ${seed}`;
  if (options.text('output') === 'json') {
    const { placeOf: _placeOf, ...rest } = story;
    terminal.write(`${JSON.stringify({ seed, violation, story: rest, replay }, undefined, 2)}\n`);
    return EXIT_CODES.finding;
  }
  terminal.lines([
    `seed ${seed}: a promise is broken: ${violation.promise}`,
    `  at    ${offsetText(violation.atMs - startMs)} (${clockText(violation.atMs)})`,
    `  seen  ${violation.seen}`,
    '  the shortest story found:',
    ...storyLines(story).map((line) => `    ${line}`),
  ]);
  terminal.note(`Next: ${replay}`);
  return EXIT_CODES.finding;
}
