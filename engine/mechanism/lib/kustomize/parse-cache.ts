/** What resource files parse to, kept between builds: after a change of one file, one file is parsed. */
import { loadResources } from './loader/resources.ts';
import type { Resource } from './resource.ts';
import type { SourceText } from './yaml/parser.ts';

const CHARS_MAX = 32 * 1024 * 1024;

/** Keyed by path and content, so that a stale entry cannot exist. The oldest go first when it is full. */
export class ParseCache {
  private readonly entries = new Map<string, readonly Resource[]>();
  private readonly charsMax: number;
  private chars = 0;

  constructor(charsMax: number = CHARS_MAX) {
    this.charsMax = charsMax;
  }

  /** The objects of a file. Builds copy them before they change them. Throws KustomizeError, and remembers no failure. */
  resources(source: SourceText): readonly Resource[] {
    const key = `${source.file}\0${source.text}`;
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    const resources = loadResources(source);
    this.entries.set(key, resources);
    this.chars += key.length;
    for (const oldest of this.entries.keys()) {
      if (this.chars <= this.charsMax || oldest === key) break;
      this.entries.delete(oldest);
      this.chars -= oldest.length;
    }
    return resources;
  }
}
