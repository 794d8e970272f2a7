import type { AnswerValues, Question } from '#machine/questions.ts';
import { SourceError } from './failures.ts';
import { checkLinks, type Snapshot, type TreeEntry } from './snapshot.ts';

/** The directories and files of a snapshot, sorted; links and submodules are left out. */
export function treeValue(snapshot: Snapshot): AnswerValues['tree'] {
  checkLinks(snapshot);
  const paths = [...snapshot.entries].sort(([left], [right]) => (left < right ? -1 : 1));
  const ofType = (type: TreeEntry['type']) => paths.filter(([, entry]) => entry.type === type).map(([path]) => path);
  return { directories: ofType('directory'), files: ofType('file') };
}

/** Contents of the files a question names. Throws SourceError for one that is not there. */
export function contentsOf(
  question: Extract<Question, { ask: 'files' }>,
  read: (path: string) => string | undefined,
): Record<string, string> {
  const contents: Record<string, string> = {};
  for (const path of question.paths) {
    const text = read(path);
    if (text === undefined) {
      throw new SourceError({
        code: 'FileNotFound',
        message: `commit ${question.sha} has no file ${path}`,
        at: { file: path },
        fix: 'name a file that the commit has',
      });
    }
    contents[path] = text;
  }
  return contents;
}
