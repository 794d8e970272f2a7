import { type KubeResource, toYaml } from '../../engine/mechanism/lib/kustomize/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT_CODES, type ExitCode } from '../errors.ts';
import { findApplication } from './app.ts';
import { liveResources } from './app-live.ts';
import { renderApplication } from './app-sources.ts';

export async function runAppManifests({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const application = await findApplication(api, words[0] ?? '');
  if (options.text('source') === 'live') {
    const objects = (await liveResources(api, application)).flatMap(({ live }) => (live === undefined ? [] : [live]));
    terminal.write(toYaml(objects as unknown as KubeResource[]));
    return EXIT_CODES.ok;
  }
  const { manifests, warnings } = renderApplication(application, session.repository(), options.text('revision'));
  for (const warning of warnings) terminal.note(`warning: ${warning}`);
  terminal.write(toYaml(manifests as unknown as KubeResource[]));
  return EXIT_CODES.ok;
}
