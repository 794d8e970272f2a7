/** RE2 patterns in linear time: no pattern and no text can make a build, a query or a condition hang. */
import { captureOf } from './capture.ts';
import { Matcher } from './matcher.ts';
import { compileProgram } from './program.ts';
import { parseRegex } from './syntax.ts';

export { RegexSyntaxError } from './syntax.ts';

export interface Regex {
  /** True when the pattern is found anywhere in the text. Time: pattern length × text length. */
  test(text: string): boolean;
  /**
   * The first match as Go finds it (leftmost, preferred alternatives first), or undefined. Same bound on time.
   * @param from Where to begin to look; what stands before it still counts for `^` and `\\b`.
   */
  match(text: string, from?: number): RegexMatch | undefined;
}

export interface RegexMatch {
  /** Where the whole match begins and ends in the text. */
  readonly start: number;
  readonly end: number;
  /** The text of each group, 0 being the whole match; undefined for groups that took no part. */
  readonly groups: readonly (string | undefined)[];
  readonly named: Readonly<Record<string, string | undefined>>;
}

export interface RegexOptions {
  /** The pattern has to match the whole text, as PromQL has it. Default false. */
  readonly anchored?: boolean;
  /** `.` matches newlines too, as PromQL has it. Default false. */
  readonly dotAll?: boolean;
}

/** Compiles an RE2 pattern. Throws RegexSyntaxError. */
export function compileRegex(pattern: string, options: RegexOptions = {}): Regex {
  const { node, groups, names } = parseRegex(pattern, { dotAll: options.dotAll === true });
  const program = compileProgram(node, options.anchored === true);
  const matcher = new Matcher(program);
  return {
    test: (text) => matcher.test(text),
    match: (text, from = 0) => {
      const slots = captureOf(program, 2 * (groups + 1), text, from);
      if (slots === undefined) return undefined;
      const group = (index: number) => {
        const [from = -1, to = -1] = [slots[2 * index], slots[2 * index + 1]];
        return from < 0 || to < 0 ? undefined : text.slice(from, to);
      };
      return {
        start: slots[0] ?? 0,
        end: slots[1] ?? 0,
        groups: Array.from({ length: groups + 1 }, (_, index) => group(index)),
        named: Object.fromEntries([...names].map(([name, index]) => [name, group(index)])),
      };
    },
  };
}
