import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '#core/json.ts';

/**
 * `sha256:…` over a file tree and an image config: names, contents, link targets and the executable bit count; times
 * and owners do not. Equal inputs give equal digests on every machine.
 */
export function contentDigest(directory: string, config: unknown): string {
  const hash = createHash('sha256').update(canonicalJson(config));
  addFolder(hash, directory, '');
  return `sha256:${hash.digest('hex')}`;
}

function addFolder(hash: ReturnType<typeof createHash>, root: string, path: string): void {
  for (const name of readdirSync(join(root, path)).sort()) {
    const relative = `${path}/${name}`;
    const file = join(root, relative);
    const facts = lstatSync(file);
    if (facts.isDirectory()) {
      hash.update(`\0dir ${relative}\0`);
      addFolder(hash, root, relative);
    } else if (facts.isSymbolicLink()) {
      hash.update(`\0link ${relative}\0${readlinkSync(file)}`);
    } else {
      const content = readFileSync(file);
      hash.update(`\0file ${relative} ${(facts.mode & 0o100) === 0 ? '-' : 'x'} ${content.length}\0`).update(content);
    }
  }
}
