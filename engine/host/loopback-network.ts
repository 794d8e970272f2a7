import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** Second octets that engines choose from, in steps of two: one for pods, the next for services. */
const FIRST_OCTET = 16;
const LAST_OCTET = 250;
const LOCK_PORT = 6444;

export interface LoopbackNetwork {
  /** First two octets of pod addresses, e.g. `127.16`. */
  podNetwork: string;
  serviceNetwork: string;
  release(): void;
}

/**
 * Takes a pair of loopback networks for this engine alone, so that several engines run side by side on one machine. The
 * lock is a listening socket inside the network: it goes with the process. A choice is kept in `file`, because pods that
 * survive the engine keep their addresses.
 */
export async function takeNetwork(file: string): Promise<LoopbackNetwork> {
  const kept = existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  const candidates = kept === undefined ? octets().filter(isSilent(readSockets())) : [kept];
  for (const octet of candidates) {
    const lock = await tryLock(`127.${octet}.255.254`);
    if (lock === undefined) continue;
    writeFileSync(file, String(octet));
    return { podNetwork: `127.${octet}`, serviceNetwork: `127.${octet + 1}`, release: () => lock.close() };
  }
  throw new Error(
    kept === undefined
      ? 'no loopback network is free: too many engines run on this machine; stop one with "pern down"'
      : `the loopback network 127.${kept} of this state is used by another process; stop it, or start anew with "pern down --purge"`,
  );
}

/**
 * Whether nobody listens in a pair of networks. The lock goes with the engine, but pods outlive an engine that was
 * killed, and theirs must not be given to another state.
 * @param sockets /proc/net/tcp: addresses are hexadecimal with the first byte last, listening sockets have state 0A.
 */
export function isSilent(sockets: string): (octet: number) => boolean {
  const listening = [...sockets.matchAll(/: [0-9A-F]{4}([0-9A-F]{2})7F:[0-9A-F]{4} [0-9A-F]{8}:[0-9A-F]{4} 0A /g)];
  const taken = new Set(listening.map(([, octet = '']) => Number.parseInt(octet, 16)));
  return (octet) => !taken.has(octet) && !taken.has(octet + 1);
}

function readSockets(): string {
  return existsSync('/proc/net/tcp') ? readFileSync('/proc/net/tcp', 'utf8') : '';
}

function octets(): number[] {
  const all: number[] = [];
  for (let octet = FIRST_OCTET; octet < LAST_OCTET; octet += 2) all.push(octet);
  return all;
}

function tryLock(host: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen(LOCK_PORT, host, () => {
      server.unref();
      resolve(server);
    });
  });
}
