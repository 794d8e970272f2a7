import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../client/session.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { findOverlay, type ImageTag, readImageTags, setImageTag } from '../git/image-tags.ts';
import { commitDiff, commitFiles, refuseUncommitted } from '../git/repository.ts';
import { signingKey } from '../git/signing.ts';
import { needsApproval } from '../view/approvals.ts';
import { environmentName } from '../view/environments.ts';

export async function runPromote({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const [from = '', to = ''] = words;
  const repository = session.repository();
  const target = findOverlay(repository, to);
  const source = findOverlay(repository, from);
  refuseUncommitted(repository, source);
  refuseUncommitted(repository, target);
  const changes = planPromotion(
    readImageTags(repository, source),
    readImageTags(repository, target),
    options.texts('component'),
  );
  if (changes.length === 0) {
    terminal.note(`${to} has the versions of ${from} already; nothing to commit.`);
    return EXIT_CODES.ok;
  }
  let text = readFileSync(join(repository, target), 'utf8');
  for (const { component, tag } of changes) text = setImageTag(text, { file: target, component, tag });
  writeFileSync(join(repository, target), text);
  const summary = changes.map(({ component, tag }) => `${component} ${tag}`).join(', ');
  const details = changes.map(({ name, before, tag }) => `${name}: ${before} -> ${tag}`).join('\n');
  const message = `Promote ${summary} from ${from} to ${to}\n\n${details}`;
  const commit = commitFiles(repository, [target], message, signingKey(repository, session.stateFolder()));
  terminal.write(commitDiff(repository, commit.hash));
  const next = (await asksForApproval(session, to))
    ? `pern approve ${to}`
    : `pern rollout get ${changes[0]?.component} -e ${to} -w`;
  terminal.note(`Committed ${commit.hash} on ${commit.branch}. Next: ${next}`);
  return EXIT_CODES.ok;
}

/** Whether a running engine deploys the environment only when somebody approves; without one nobody knows. */
async function asksForApproval(session: Session, environment: string): Promise<boolean> {
  try {
    const { items } = await (await session.api()).list('Application.argoproj.io');
    return items.some((item) => environmentName(item) === environment && needsApproval(item));
  } catch (error) {
    if (error instanceof CliError) return false;
    throw error;
  }
}

interface Change extends ImageTag {
  /** The tag that is replaced. */
  before: string;
}

/**
 * Which tags change when versions of `source` are carried to `target`; only `components` when any are named.
 * Throws CliError for a component that one of the two does not have.
 */
export function planPromotion(
  source: readonly ImageTag[],
  target: readonly ImageTag[],
  components: readonly string[],
): Change[] {
  const known = source.map(({ component }) => component);
  const unknown = components.find((component) => !known.includes(component));
  if (unknown !== undefined) {
    throw new CliError({
      what: `there is no component "${unknown}" to promote`,
      fix: `use one of: ${known.join(', ')}`,
    });
  }
  const wanted = source.filter(({ component }) => components.length === 0 || components.includes(component));
  return wanted.flatMap((image) => {
    const before = target.find(({ name }) => name === image.name)?.tag;
    if (before === image.tag) return [];
    if (before === undefined) throw new CliError({ what: `the target environment has no image ${image.name}` });
    return [{ ...image, before }];
  });
}
