/** What files parse to, kept between builds: after a change of one file, one file is parsed. */
import type { SourceText } from './yaml/parser.ts';

const CHARS_MAX = 32 * 1024 * 1024;

/** Keyed by path and content, so that a stale entry cannot exist. The oldest go first when it is full. */
export class ParseCache {
  private readonly entries = new Map<string, unknown>();
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
    const key = `${parse.name}\0${source.file}\0${source.text}`;
    if (this.entries.has(key)) return this.entries.get(key) as T;
    const parsed = parse(source);
    this.entries.set(key, parsed);
    this.chars += key.length;
    for (const oldest of this.entries.keys()) {
      if (this.chars <= this.charsMax || oldest === key) break;
      this.entries.delete(oldest);
      this.chars -= oldest.length;
    }
    return parsed;
  }
}
