import type { Terminal } from '../terminal.ts';
import { type Line, span } from '../view/lines.ts';

export interface Check {
  what: string;
  ok: boolean;
  detail: string;
}

/** Prints what happens with the time since the start, and remembers what was promised and whether it was seen. */
export class Timeline {
  readonly checks: Check[] = [];
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #startMs: number;

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
    this.#startMs = now();
  }

  chapter(title: string): void {
    this.#terminal.line('');
    this.#terminal.line([span(title, 'strong')]);
  }

  /** What was typed, so that a reader can do the same. */
  command(text: string): void {
    this.#print([span('$ ', 'dim'), span(text)]);
  }

  event(text: string): void {
    this.#print([span('· ', 'dim'), span(text)]);
  }

  /** States a promise and whether it was kept. */
  check(what: string, ok: boolean, detail = ''): void {
    this.checks.push({ what, ok, detail });
    const more = detail === '' ? [] : [span(`  (${detail})`, 'dim')];
    this.#print([span(ok ? '✔ ' : '✖ ', ok ? 'ok' : 'bad'), span(what), ...more]);
  }

  get elapsedSeconds(): number {
    return (this.#now() - this.#startMs) / 1000;
  }

  #print(line: Line): void {
    const seconds = this.elapsedSeconds;
    const minutes = String(Math.floor(seconds / 60)).padStart(2, '0');
    const rest = (seconds % 60).toFixed(1).padStart(4, '0');
    this.#terminal.line([span(`${minutes}:${rest}  `, 'dim'), ...line]);
  }
}
