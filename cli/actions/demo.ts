import type { Invocation } from '../command.ts';
import { approveProduction } from '../demo/approval-chapter.ts';
import { badRelease, deployEverything, goodRelease, killEngine, revertRelease, type Scene } from '../demo/chapters.ts';
import { Stage } from '../demo/stage.ts';
import { Timeline } from '../demo/timeline.ts';
import { CliError, EXIT_CODES, type ExitCode, errorLines } from '../errors.ts';
import { span } from '../view/lines.ts';

export async function runDemo(invocation: Invocation): Promise<ExitCode> {
  const { session, terminal, options, now, signal } = invocation;
  const timeline = new Timeline(terminal, now);
  const stage = Stage.open(session.repository());
  terminal.line(`A clone of ${session.repository()} in ${stage.folder}`);
  try {
    await tell({ stage, timeline, requestsPerSecond: options.count('requests-per-second')!, now, signal });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    timeline.check('the story went on to its end', false, errorLines(error.trouble).join(' '));
  } finally {
    const stopped = await stage.stop();
    if (!signal.aborted) timeline.check('Ctrl-C stops everything it started', stopped);
    if (options.flag('keep')) terminal.note(`Kept: ${stage.folder}`);
    else stage.remove();
  }
  const failed = timeline.checks.filter(({ ok }) => !ok);
  terminal.line('');
  const outcome = `${timeline.checks.length - failed.length} of ${timeline.checks.length} observed in ${timeline.elapsedSeconds.toFixed(0)} s`;
  terminal.line([span(outcome, failed.length === 0 ? 'ok' : 'bad')]);
  for (const { what, detail } of failed) terminal.line([span(`  not observed: ${what} (${detail})`, 'bad')]);
  terminal.note(
    failed.length === 0 ? 'Next: npm start' : 'Next: pern demo --keep, then look into its state/engine.log',
  );
  return failed.length === 0 ? EXIT_CODES.ok : EXIT_CODES.finding;
}

async function tell(scene: Scene): Promise<void> {
  const { timeline } = scene;
  const first = new AbortController();
  const untilKilled: Scene = { ...scene, signal: AbortSignal.any([scene.signal, first.signal]) };
  const [good, bad, last] = nextVersions(scene.stage.imageTag('development', 'backend'));
  const watcher = await deployEverything(untilKilled);
  await goodRelease(untilKilled, watcher, good);
  await badRelease(untilKilled, watcher, bad);
  await revertRelease(untilKilled, watcher, good);
  await approveProduction(untilKilled, watcher, good);
  await killEngine(scene, watcher, last, first);
  timeline.chapter('7. The end');
}

/** Three versions after `current`: `1.4.2` gives 1.5.0, 1.6.0 and 1.7.0; a tag of another form gets a suffix. */
export function nextVersions(current: string): [string, string, string] {
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+$/.exec(current) ?? [];
  const after = (steps: number) =>
    major === undefined ? `${current}-demo.${steps}` : `${major}.${Number(minor) + steps}.0`;
  return [after(1), after(2), after(3)];
}
