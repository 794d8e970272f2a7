import type { FileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';

/** A file system that remembers which files were read: what a rendering depends on. */
export function recordingFileSystem(files: FileSystem): { files: FileSystem; read: ReadonlySet<string> } {
  const read = new Set<string>();
  const readBytes = files.readBytes?.bind(files);
  return {
    read,
    files: {
      readFile: (path) => {
        const text = files.readFile(path);
        if (text !== undefined) read.add(path);
        return text;
      },
      readDirectory: (path) => files.readDirectory(path),
      ...(readBytes === undefined
        ? {}
        : {
            readBytes: (path: string) => {
              const bytes = readBytes(path);
              if (bytes !== undefined) read.add(path);
              return bytes;
            },
          }),
    },
  };
}
