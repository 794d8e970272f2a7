import { parseGoYaml } from '#lib/gotemplate/index.ts';

/** YAML that comes from a commit, read as Argo CD does: a value, or the caller's own error with the first line of what is wrong. */
export function parseYaml(text: string, failed: (problem: string) => Error): unknown {
  try {
    return parseGoYaml(text);
  } catch (error) {
    throw failed((error as Error).message.split('\n')[0] ?? '');
  }
}
