/** Files of one repository revision or folder. Paths are posix, relative to the root, without a leading `./`. */
export interface FileSystem {
  /** The text of a file, or undefined when there is no such file. */
  readFile(path: string): string | undefined;
  /** The raw bytes of a file, for files that are not valid UTF-8. Optional: without it every file is text. */
  readBytes?(path: string): Uint8Array | undefined;
  /** The path without symbolic links, which `../` leads out of when the target is outside; undefined when there is
   * nothing. Optional: without it no path is a link. */
  realPath?(path: string): string | undefined;
  /** The names in a directory, sorted, or undefined when there is no such directory. The root is the empty string. */
  readDirectory(path: string): readonly string[] | undefined;
}

/** A file system held in memory: path → content. */
export function memoryFileSystem(files: ReadonlyMap<string, string> | Readonly<Record<string, string>>): FileSystem {
  const entries = files instanceof Map ? [...files] : Object.entries(files);
  const contents = new Map<string, string>(entries.map(([path, text]) => [normalise(path), text]));
  const directories = listDirectories([...contents.keys()]);
  return {
    readFile: (path) => contents.get(path),
    readDirectory: (path) => directories.get(path),
  };
}

function normalise(path: string): string {
  return path.replace(/^(\.?\/)+/, '');
}

function listDirectories(paths: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, Set<string>>([['', new Set()]]);
  for (const path of paths) {
    let directory = '';
    for (const name of path.split('/')) {
      const names = children.get(directory) ?? new Set();
      children.set(directory, names.add(name));
      directory = directory === '' ? name : `${directory}/${name}`;
    }
  }
  return new Map([...children].map(([directory, names]) => [directory, [...names].sort()]));
}
