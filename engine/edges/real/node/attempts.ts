import { execFile } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { PreStopHook, ProbeSpec } from '#machine/pods.ts';
import { execArgv, type Launch } from './launch.ts';

/** What one attempt of a probe or hook came to. */
export interface Outcome {
  ok: boolean;
  message: string;
}

const OUTPUT_MAX_BYTES = 10 * 1024;

/** One attempt of a probe, worded as a kubelet words it. Never rejects. */
export function attemptProbe(spec: ProbeSpec, launch: Launch | undefined): Promise<Outcome> {
  switch (spec.action.type) {
    case 'httpGet':
      return attemptHttp(spec.action, spec.timeoutMs);
    case 'tcpSocket':
      return attemptTcp(spec.action, spec.timeoutMs);
    case 'exec':
      return launch === undefined
        ? Promise.resolve({ ok: false, message: 'the container does not run' })
        : attemptExec(launch, spec.action.command, spec.timeoutMs);
  }
}

/** Runs a preStop hook; its failure is reported but stops nothing. */
export function attemptHook(
  hook: Exclude<PreStopHook, { type: 'sleep' }>,
  launch: Launch | undefined,
  timeoutMs: number,
): Promise<Outcome> {
  if (hook.type === 'httpGet') return attemptHttp({ ...hook, scheme: 'HTTP', headers: {} }, timeoutMs);
  if (launch === undefined) return Promise.resolve({ ok: false, message: 'the container does not run' });
  return attemptExec(launch, hook.command, timeoutMs);
}

function attemptHttp(
  action: Omit<Extract<ProbeSpec['action'], { type: 'httpGet' }>, 'type'>,
  timeoutMs: number,
): Promise<Outcome> {
  const { host, port, path, scheme, headers } = action;
  const address = `${scheme.toLowerCase()}://${host}:${port}${path}`;
  const request = scheme === 'HTTPS' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const call = request(
      address,
      {
        agent: false,
        rejectUnauthorized: false,
        headers: { 'User-Agent': 'kube-probe/1.35', Accept: '*/*', Connection: 'close', ...headers },
      },
      (response) => {
        const code = response.statusCode ?? 0;
        clearTimeout(timer);
        response.destroy();
        resolve({ ok: code >= 200 && code < 400, message: `HTTP probe failed with statuscode: ${code}` });
      },
    );
    const timer = setTimeout(() => {
      call.destroy();
      resolve({
        ok: false,
        message: `Get "${address}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
      });
    }, timeoutMs);
    call.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve({ ok: false, message: `Get "${address}": ${connectError(error, host, port)}` });
    });
    call.end();
  });
}

function attemptTcp({ host, port }: { host: string; port: number }, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (outcome: Outcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(timeoutMs, () => finish({ ok: false, message: `dial tcp ${host}:${port}: i/o timeout` }));
    socket.on('connect', () => finish({ ok: true, message: '' }));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      finish({ ok: false, message: connectError(error, host, port) }),
    );
  });
}

function connectError(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (error.code === 'ECONNRESET') return `read tcp ${host}:${port}: connection reset by peer`;
  return `dial tcp ${host}:${port}: ${error.message}`;
}

function attemptExec(launch: Launch, command: readonly string[], timeoutMs: number): Promise<Outcome> {
  const [program, ...args] = execArgv(launch, command) as [string, ...string[]];
  const { env, cwd, uid, gid } = launch;
  const options = {
    env: { ...env },
    cwd,
    uid,
    gid,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_MAX_BYTES,
  } as const;
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ ok: true, message: '' });
      const output = `${stdout}${stderr}`.trim();
      const text = error.killed
        ? `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s`
        : output;
      resolve({ ok: false, message: text === '' ? error.message : text });
    });
  });
}
