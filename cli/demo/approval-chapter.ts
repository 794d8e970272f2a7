import { CliError } from '../errors.ts';
import { waitingApproval } from '../view/approvals.ts';
import { environmentName } from '../view/environments.ts';
import type { Scene } from './chapters.ts';
import type { Watcher } from './watcher.ts';

const PRODUCTION = 'production';
const NAMESPACE = 'pern-app-production';
const WAIT_MS_MAX = 60_000;

/** What is promoted to production waits; who may not approve it is refused; an approval begins the release, and is on record. */
export async function approveProduction({ stage, timeline }: Scene, watcher: Watcher, version: string): Promise<void> {
  timeline.chapter('5. Production, by approval');
  const applications = () => watcher.cache.list('Application.argoproj.io');
  const production = () => applications().find((application) => environmentName(application) === PRODUCTION);
  const waits = () => {
    const application = production();
    return application === undefined ? undefined : waitingApproval(application, applications());
  };
  timeline.command('pern promote development production');
  await stage.pern('promote', 'development', PRODUCTION);
  await watcher.until('production to wait', () => waits() !== undefined, WAIT_MS_MAX);
  timeline.check('production waits for an approval', true, `of ${waits()?.commit.slice(0, 7)}`);
  const token = (await stage.pern('proj', 'role', 'create-token', NAMESPACE, 'developer')).trim();
  timeline.command('pern approve production --auth-token (of a developer)');
  const refusal = await stage.pern('approve', PRODUCTION, '--auth-token', token).catch((error: CliError) => error);
  const isRefused = refusal instanceof CliError && /Refused by: right/.test(refusal.trouble.why ?? '');
  timeline.check('a developer may not approve it', isRefused, 'exit code 4, by the project’s roles');
  timeline.command('pern approve production --reason "shown in the demo"');
  await stage.pern('approve', PRODUCTION, '--reason', 'shown in the demo');
  const rollout = () => watcher.cache.find('Rollout.argoproj.io', NAMESPACE, 'backend');
  const isReleasing = () =>
    (rollout()?.spec.template?.spec?.containers ?? []).some(({ image }) => image?.endsWith(`:${version}`) === true);
  await watcher.until(`production's release of backend ${version}`, isReleasing, WAIT_MS_MAX);
  const steps = rollout()?.spec.strategy?.canary?.steps?.length ?? 0;
  timeline.check('the approval began the release', true, `${steps} steps, an hour and a half from now`);
  const tag = stage.git('tag', '--list', '--format=%(contents)', `approved/${NAMESPACE}`);
  const audit = await stage.pern('audit', 'list', '--what', NAMESPACE, '--limit', '50');
  const isRecorded =
    /Reason: shown in the demo/.test(tag) && /approve .*allowed/.test(audit) && /approve .*refused/.test(audit);
  timeline.check(
    'who approved what, and who was refused, is on record',
    isRecorded,
    'a signed tag, and pern audit list',
  );
}
