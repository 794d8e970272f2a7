/** The numbered cases under testdata/: a tree of inputs, and under expected/ what kustomize 5.8.1 printed for a directory. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type FileSystem, memoryFileSystem } from '../index.ts';

const TESTDATA = join(import.meta.dirname, '..', 'testdata');

export interface GoldenCase {
  /** For example `K01-base-and-overlays/staging`. */
  name: string;
  /** The root of the case on disk. */
  root: string;
  /** The directory to build, relative to the root. */
  directory: string;
  fileSystem: FileSystem;
  expected: string;
}

/** All cases, sorted by name. */
export function readGoldenCases(): GoldenCase[] {
  return readdirSync(TESTDATA)
    .sort()
    .flatMap((name) => {
      const root = join(TESTDATA, name);
      const fileSystem = memoryFileSystem(readTree(root));
      return readdirSync(join(root, 'expected'))
        .sort()
        .map((file) => {
          const directory = file.replace(/\.yaml$/, '').replaceAll('_', '/');
          const expected = readFileSync(join(root, 'expected', file), 'utf8');
          return { name: `${name}/${directory}`, root, directory, fileSystem, expected };
        });
    });
}

/** Every file below a directory: relative path → text. */
export function readTree(root: string, directory = ''): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of readdirSync(join(root, directory)).sort()) {
    const path = directory === '' ? name : `${directory}/${name}`;
    if (statSync(join(root, path)).isDirectory())
      for (const [file, text] of readTree(root, path)) files.set(file, text);
    else files.set(path, readFileSync(join(root, path), 'utf8'));
  }
  return files;
}
