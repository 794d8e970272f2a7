/** What files parse to, kept between builds: after a change of one file, one file is parsed. */
import type { SourceText } from './yaml/parser.ts';

const CHARS_MAX = 32 * 1024 * 1024;
/** Texts of one file that are kept side by side: its states on several branches, and the patches written in it. */
const VERSIONS_MAX = 32;

interface Version {
  text: string;
  parsed: unknown;
}

/** Found by path and compared by content, so that a stale entry cannot exist. The oldest go first when it is full. */
export class ParseCache {
  private readonly files = new Map<string, Version[]>();
  private readonly charsMax: number;
  private chars = 0;

  constructor(charsMax: number = CHARS_MAX) {
    this.charsMax = charsMax;
  }

  /**
   * What `parse` makes of a file, which whoever gets it must not change. Throws what `parse` throws, and remembers no
   * failure. `parse` is told apart by its name.
   */
  get<T>(parse: (source: SourceText) => T, source: SourceText): T {
    const key = `${parse.name}\0${source.file}`;
    const versions = this.files.get(key);
    // Comparing is cheaper than hashing the whole text, which a fresh string would need.
    const known = versions?.find(({ text }) => text === source.text);
    if (known !== undefined) return known.parsed as T;
    const parsed = parse(source);
    this.keep(key, versions ?? [], { text: source.text, parsed });
    return parsed;
  }

  private keep(key: string, versions: Version[], version: Version): void {
    versions.unshift(version);
    this.chars += version.text.length;
    for (const old of versions.splice(VERSIONS_MAX)) this.chars -= old.text.length;
    this.files.delete(key);
    this.files.set(key, versions);
    for (const [oldest, dropped] of this.files) {
      if (this.chars <= this.charsMax || oldest === key) break;
      this.files.delete(oldest);
      for (const { text } of dropped) this.chars -= text.length;
    }
  }
}
