/** How `pern` ends. The numbers are a contract with scripts and CI; `pern help exit-codes` prints this table. */
export const EXIT_CODES = {
  ok: 0,
  finding: 1,
  usage: 2,
  blocked: 4,
  timeout: 124,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

export const EXIT_CODE_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [0, 'done, and the outcome is the expected one'],
  [1, 'findings, or an outcome other than expected (Degraded, a failed sync, a missing tool)'],
  [2, 'usage error, or the command itself could not do its work'],
  [4, 'blocked by a sync window or a policy'],
  [124, 'the time given with --timeout ran out'],
];

export interface Trouble {
  /** What went wrong, in one sentence without a full stop at the end. */
  what: string;
  /** Where: a file with line and column, an object, an address. */
  where?: string;
  why?: string;
  /** What to do about it, as an imperative. */
  fix?: string;
  exitCode?: ExitCode;
}

/** An error meant for the person at the terminal. Everything else that is thrown is a defect of this program. */
export class CliError extends Error {
  override name = 'CliError';
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(trouble.what);
    this.trouble = trouble;
  }

  get exitCode(): ExitCode {
    return this.trouble.exitCode ?? EXIT_CODES.usage;
  }
}

/** The lines of an error: `Error: what`, then where, why and fix, each on its own line when known. */
export function errorLines({ what, where, why, fix }: Trouble): string[] {
  const rows = [
    ['where', where],
    ['why', why],
    ['fix', fix],
  ] as const;
  const details = rows.flatMap(([label, text]) => {
    if (text === undefined) return [];
    const [first, ...rest] = text.split('\n');
    return [`  ${label.padEnd(5)}  ${first}`, ...rest.map((line) => `         ${line}`)];
  });
  return [`Error: ${what}`, ...details];
}
