import { type Line, renderLine } from './view/lines.ts';

/** stdout for machines (and for what was asked for), stderr for people. */
export interface Terminal {
  /** Both ends of stdout: true when a person watches it. Live views redraw only then. */
  isInteractive: boolean;
  columns: number;
  rows: number;
  /** A line of the answer, to stdout. */
  line(line: Line | string): void;
  lines(lines: readonly (Line | string)[]): void;
  /** Text to stdout as it is, without a line end of its own (logs). */
  write(text: string): void;
  /** A remark, to stderr. */
  note(line: Line | string): void;
  /** Replaces what the previous call drew. On anything but a terminal it does nothing. */
  redraw(lines: readonly Line[]): void;
  /** Leaves what redraw drew on the screen; the next one starts below it. */
  settle(): void;
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

export interface TerminalParts {
  stdout: Stream;
  stderr: Stream;
  environment: Readonly<Record<string, string | undefined>>;
  /** The --color option. */
  color: string;
}

/** The process's own terminal; tests give streams that collect. */
export function openTerminal({ stdout, stderr, environment, color }: TerminalParts): Terminal {
  const wantsColor = (stream: Stream) =>
    color === 'always' ||
    (color === 'auto' && stream.isTTY === true && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb');
  const outColor = wantsColor(stdout);
  const errColor = wantsColor(stderr);
  const isInteractive = stdout.isTTY === true && environment.TERM !== 'dumb';
  const text = (line: Line | string, colour: boolean) => (typeof line === 'string' ? line : renderLine(line, colour));
  let drawn = 0;
  return {
    isInteractive,
    get columns() {
      return stdout.columns ?? 120;
    },
    get rows() {
      return stdout.rows ?? 40;
    },
    line: (line) => void stdout.write(`${text(line, outColor)}\n`),
    lines: (lines) => void stdout.write(lines.map((line) => `${text(line, outColor)}\n`).join('')),
    write: (raw) => void stdout.write(raw),
    note: (line) => void stderr.write(`${text(line, errColor)}\n`),
    redraw(lines) {
      if (!isInteractive) return;
      const width = stdout.columns ?? 120;
      const height = Math.max(1, (stdout.rows ?? 40) - 1);
      const visible =
        lines.length > height
          ? [...lines.slice(0, height - 1), [{ text: `… ${lines.length - height + 1} more lines` }]]
          : lines;
      const up = drawn > 0 ? `\u001b[${drawn}A\r` : '';
      const body = visible.map((line) => `${renderLine(line, outColor, width)}\u001b[K\n`).join('');
      stdout.write(`${up}${body}\u001b[J`);
      drawn = visible.length;
    },
    settle() {
      drawn = 0;
    },
  };
}
