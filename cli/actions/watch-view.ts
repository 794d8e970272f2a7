import type { ObjectCache } from '../client/object-cache.ts';
import type { Terminal } from '../terminal.ts';
import { type Line, plainText, span } from '../view/lines.ts';

const REDRAW_MS_MIN = 200;
const TICK_MS = 1000;

export interface LiveView {
  terminal: Terminal;
  cache: ObjectCache;
  /** The lines to show now. */
  draw(): readonly Line[];
  /** What is printed where nothing can be redrawn; the same as `draw` unless given. */
  drawPlain?(): readonly Line[];
  /** True ends the view after one last drawing. Defaults to never. */
  isDone?(): boolean;
  signal: AbortSignal;
  now(): number;
  /** Milliseconds since the epoch at which the view gives up. */
  deadlineMs?: number;
}

/**
 * Shows a view that follows the objects: redrawn in place on a terminal at most five times a second, appended elsewhere
 * whenever its text (without ages, which always change) has changed. Returns how it ended.
 */
export async function showLive(view: LiveView): Promise<'done' | 'stopped' | 'timeout'> {
  const { terminal, cache, signal, now } = view;
  let printed = '';
  for (;;) {
    const isDone = view.isDone?.() === true;
    if (terminal.isInteractive) terminal.redraw(lossNoted(view.draw(), cache));
    else printed = appendChange(terminal, lossNoted((view.drawPlain ?? view.draw)(), cache), printed);
    const end = isDone
      ? 'done'
      : signal.aborted
        ? 'stopped'
        : now() >= (view.deadlineMs ?? Infinity)
          ? 'timeout'
          : undefined;
    if (end !== undefined) {
      terminal.settle();
      return end;
    }
    await cache.changed(TICK_MS, signal);
    await pause(REDRAW_MS_MIN, signal);
  }
}

function lossNoted(lines: readonly Line[], cache: ObjectCache): readonly Line[] {
  return cache.isLost ? [...lines, [span('the API does not answer; trying again', 'warn')]] : lines;
}

/** Prints lines that say something new; returns what to compare the next ones with. */
function appendChange(terminal: Terminal, lines: readonly Line[], printed: string): string {
  const text = withoutAges(plainText(lines));
  if (text !== printed) terminal.lines(printed === '' || lines.length === 1 ? lines : [[], ...lines]);
  return text;
}

/** Waits, or less when the signal aborts. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
    if (signal.aborted) resolve();
  });
}

function withoutAges(text: string): string {
  return text.replaceAll(/\b\d+(s|m|h|d)(\d+(s|m|h))?\b/g, '').replaceAll(/ +/g, ' ');
}
