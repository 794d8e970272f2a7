import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint, ServiceListener, ServiceTable } from '#machine/traffic.ts';

interface Listening {
  server: Server;
  endpoints: readonly Endpoint[];
  turn: number;
  sockets: Set<Socket>;
}

/** A cluster address that could not be opened; the service is still reachable through its endpoints and the ingress. */
export interface ListenProblem {
  namespace: string;
  service: string;
  message: string;
}

/**
 * Cluster addresses: one TCP server per service address and port, which splices each connection to a ready endpoint.
 * A change of endpoints holds for new connections; those under way stay where they are.
 */
export class ServiceListeners {
  readonly #listening = new Map<string, Listening>();
  readonly #onProblem: (problem: ListenProblem) => void;

  constructor(onProblem: (problem: ListenProblem) => void) {
    this.#onProblem = onProblem;
  }

  setTable(table: ServiceTable): void {
    const wanted = new Map(table.listeners.map((listener) => [`${listener.ip}:${listener.port}`, listener]));
    for (const [address, listening] of this.#listening) {
      if (wanted.has(address)) continue;
      this.#listening.delete(address);
      close(listening);
    }
    for (const [address, listener] of wanted) {
      const known = this.#listening.get(address);
      if (known === undefined) this.#listening.set(address, this.#open(listener));
      else known.endpoints = listener.endpoints;
    }
  }

  close(): void {
    for (const listening of this.#listening.values()) close(listening);
    this.#listening.clear();
  }

  #open(listener: ServiceListener): Listening {
    const server = createServer({ allowHalfOpen: true });
    const listening: Listening = { server, endpoints: listener.endpoints, turn: 0, sockets: new Set() };
    server.on('connection', (socket) => splice(listening, socket));
    server.on('error', (error) => {
      const why =
        (error as NodeJS.ErrnoException).code === 'EACCES' ? 'ports below 1024 need privileges' : error.message;
      const { namespace, service, ip, port } = listener;
      this.#onProblem({ namespace, service, message: `cannot listen on ${ip}:${port}: ${why}` });
    });
    server.listen(listener.port, listener.ip);
    return listening;
  }
}

function close({ server, sockets }: Listening): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}

function splice(listening: Listening, client: Socket): void {
  const { endpoints } = listening;
  const endpoint = endpoints[listening.turn++ % Math.max(endpoints.length, 1)];
  if (endpoint === undefined) {
    client.resetAndDestroy();
    return;
  }
  const upstream = connect({ port: endpoint.port, host: endpoint.ip, allowHalfOpen: true });
  for (const [side, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    listening.sockets.add(side);
    side.pipe(other);
    side.on('error', () => other.destroy());
    side.on('close', () => {
      listening.sockets.delete(side);
      other.destroy();
    });
  }
}
