import { Pool } from 'undici';
import { Environment } from '../engine/host/testing/environment.ts';
import { type BenchContext, progress } from './context.ts';
import type { Row } from './samples.ts';

const RUNS = 3;
const RUN_MS = 3000;
const CONNECTIONS = 16;

/**
 * Closed-loop requests for `/livez` of the front end, through the ingress and straight to the pod in turns, so that both
 * see the same machine. The client shares the cores with the engine and the pod.
 */
export async function measureProxy(context: BenchContext): Promise<Row[]> {
  const engine = await context.engine();
  const pod = new Environment(engine, 'development').pods('frontend-')[0];
  const address = pod?.status?.podIP;
  if (address === undefined) throw new Error('the front end of development has no pod with an address');
  const host = 'pern-app-development.localhost';
  const [proxied, direct]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    direct.push(await requestsPerSecond(`http://${address}:8080`, host));
    proxied.push(await requestsPerSecond(`http://127.0.0.1:${engine.ingressPort}`, host));
    progress(`${direct.at(-1)?.toFixed(0)} requests/s direct, ${proxied.at(-1)?.toFixed(0)} through the ingress`);
  }
  const bench = 'proxy';
  const ratio = proxied.map((value, run) => value / (direct[run] ?? Number.NaN));
  return [
    { bench, name: 'requests through the ingress', unit: '1/s', values: proxied },
    { bench, name: 'requests straight to the pod', unit: '1/s', values: direct },
    { bench, name: 'ingress against direct', unit: 'ratio', values: ratio },
  ];
}

async function requestsPerSecond(origin: string, host: string): Promise<number> {
  const pool = new Pool(origin, { connections: CONNECTIONS });
  const beganMs = performance.now();
  let answered = 0;
  const worker = async () => {
    while (performance.now() - beganMs < RUN_MS) {
      const { statusCode, body } = await pool.request({ method: 'GET', path: '/livez', headers: { host } });
      await body.dump();
      if (statusCode !== 200) throw new Error(`GET ${origin}/livez answered ${statusCode}`);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const seconds = (performance.now() - beganMs) / 1000;
  await pool.close();
  return answered / seconds;
}
