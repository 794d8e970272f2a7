import type { ServiceBehaviour } from '#edges/sim/traffic/behaviour.ts';
import type { WebResponse } from '#edges/sim/web/simulated-web.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { Reader } from '#store/store.ts';

type Pod = KindMap['Pod'];

/** A version that answers more than this wrongly fails a single request, too. */
const FAILS_FROM = 0.5;

/**
 * What a Service of the cluster answers to a request from inside: the settings of a ready pod behind it, as the application's
 * own `/config.json` and `/api/info` show them. Unknown hosts are not found; a Service without ready pods refuses.
 */
export function serveService(
  objects: Reader,
  url: string,
  behaviourOf: (image: string) => ServiceBehaviour | undefined,
): WebResponse {
  const [, name, namespace] = /^https?:\/\/([^./:]+)\.([^./:]+)(?:\.svc[^/:]*)?(?::\d+)?(?:\/|$)/.exec(url) ?? [];
  const service = objects.get('Service', namespace ?? '', name ?? '');
  if (service === undefined || namespace === undefined) return { error: 'no such host' };
  const selector = Object.entries(service.spec?.selector ?? {});
  const pod = objects.list('Pod', namespace).find((candidate) => isReady(candidate) && matches(candidate, selector));
  if (pod === undefined) return { error: 'connect: connection refused' };
  const image = pod.spec?.containers[0]?.image ?? '';
  const behaviour = behaviourOf(image);
  if ((behaviour?.errorRate ?? 0) >= FAILS_FROM) return { status: 500, body: '{"error":"internal"}' };
  const settings = settingsOf(objects, pod);
  const environment = settings.ENVIRONMENT ?? namespace;
  const version = image.slice(image.lastIndexOf(':') + 1);
  const body = { status: 'ok', environment, version, database: 'ok', redis: 'ok' };
  return { status: 200, body: JSON.stringify(body), delayMs: behaviour?.latencyMs.p50 ?? 10 };
}

function isReady({ status, metadata }: Pod): boolean {
  if (metadata?.deletionTimestamp !== undefined) return false;
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
}

function matches({ metadata }: Pod, selector: readonly (readonly [string, string])[]): boolean {
  return selector.length > 0 && selector.every(([name, value]) => metadata?.labels?.[name] === value);
}

function settingsOf(objects: Reader, { spec, metadata }: Pod): Record<string, string> {
  const settings: Record<string, string> = {};
  const [container] = spec?.containers ?? [];
  for (const { configMapRef } of container?.envFrom ?? []) {
    Object.assign(settings, objects.get('ConfigMap', metadata?.namespace, configMapRef?.name ?? '')?.data ?? {});
  }
  for (const { name, value } of container?.env ?? []) if (value !== undefined) settings[name] = value;
  return settings;
}
