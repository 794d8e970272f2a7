import { request } from 'node:http';
import type { KindMap } from '../../engine/vocabulary/kube/kinds.ts';

const PROBE_MS_MAX = 2000;

/**
 * Whether every path of every Ingress is answered by a pod now. Stored health cannot say that right after a restart: it is
 * what the engine wrote before it stopped. The ingress itself answers 502 to 504 when no pod does.
 */
export async function isServing(
  ingresses: readonly KindMap['Ingress.networking.k8s.io'][],
  port: number,
): Promise<boolean> {
  const targets = ingresses.flatMap(({ spec }) =>
    (spec.rules ?? []).flatMap(({ host = '', http }) => (http?.paths ?? []).map(({ path = '/' }) => ({ host, path }))),
  );
  const codes = await Promise.all(targets.map(({ host, path }) => statusOf(host, path, port)));
  return codes.every((code) => code !== undefined && (code < 502 || code > 504));
}

function statusOf(host: string, path: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path, headers: { host }, timeout: PROBE_MS_MAX };
    const sent = request(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(undefined));
    sent.end();
  });
}
