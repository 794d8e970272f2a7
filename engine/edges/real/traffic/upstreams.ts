import { Pool } from 'undici';
import type { Backend, Endpoint, Route, TrafficTable } from '#machine/traffic.ts';

/** As ingress-nginx: proxy_connect_timeout 5 s, proxy_read_timeout 60 s, upstream keep-alive 60 s. */
const CONNECT_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 60_000;
const CONNECTIONS_PER_ENDPOINT = 64;

export function endpointAddress(endpoint: Endpoint): string {
  return `http://${endpoint.ip}:${endpoint.port}`;
}

/**
 * Connection pools to endpoints, and whose turn it is. A pool lives as long as its endpoint is in the table; then it is
 * closed gracefully: what is in flight is finished, nothing new is sent.
 */
export class Upstreams {
  readonly #pools = new Map<string, Pool>();
  readonly #turns = new Map<string, number>();

  /** Keeps the pools of the endpoints in `table` and lets the others drain. */
  retain(table: TrafficTable): void {
    const wanted = new Set<string>();
    for (const route of table.routes) {
      for (const backend of backendsOf(route)) {
        for (const endpoint of backend.endpoints) wanted.add(endpointAddress(endpoint));
      }
    }
    for (const [address, pool] of this.#pools) {
      if (wanted.has(address)) continue;
      this.#pools.delete(address);
      pool.close().catch(() => {});
    }
  }

  /** The endpoints of a back end in the order to try them: round robin, one step a request. */
  order(backend: Backend): Endpoint[] {
    const { endpoints } = backend;
    if (endpoints.length < 2) return [...endpoints];
    const id = `${backend.namespace}/${backend.service}:${backend.port}`;
    const turn = ((this.#turns.get(id) ?? -1) + 1) % endpoints.length;
    this.#turns.set(id, turn);
    return [...endpoints.slice(turn), ...endpoints.slice(0, turn)];
  }

  pool(endpoint: Endpoint): Pool {
    const address = endpointAddress(endpoint);
    let pool = this.#pools.get(address);
    if (pool === undefined) {
      pool = new Pool(address, {
        connections: CONNECTIONS_PER_ENDPOINT,
        pipelining: 1,
        connectTimeout: CONNECT_TIMEOUT_MS,
        headersTimeout: READ_TIMEOUT_MS,
        bodyTimeout: READ_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
      });
      this.#pools.set(address, pool);
    }
    return pool;
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy().catch(() => {})));
  }
}

function backendsOf({ backend, canary, split = [], actions }: Route): Backend[] {
  const others = [...split, ...(actions?.mirrors ?? [])].map((other) => other.backend);
  return [backend, ...(canary === undefined ? [] : [canary.backend]), ...others];
}
