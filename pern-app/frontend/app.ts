import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename } from 'node:path';
import { Counter } from 'prom-client';
import { HttpError, INJECTED_ERROR, INTERNAL_ERROR } from '../operations/errors.ts';
import { createFaultInjector, sleep } from '../operations/faults.ts';
import { createHealth } from '../operations/health.ts';
import { createListener } from '../operations/listener.ts';
import { createLogger } from '../operations/logging.ts';
import { createMetrics } from '../operations/metrics.ts';
import type { Component } from '../operations/service.ts';
import type { FrontendConfig } from './config.ts';
import { type AssetExchange, createAssetExchange } from './exchange.ts';
import type { StaticFile } from './files.ts';
import { securityHeaders } from './headers.ts';
import { createPeerClient, PEER_HEADER } from './peers.ts';
import { sendError, sendFile, sendJson } from './respond.ts';
import { findTarget, NOT_FOUND, type Target } from './targets.ts';

const METHOD_NOT_ALLOWED = new HttpError(
  405,
  'method_not_allowed',
  { method: ['is not allowed here'] },
  { headers: { Allow: 'GET, HEAD' } },
);

export interface Frontend extends Component {
  readonly exchange: AssetExchange;
}

/**
 * Builds the static server without listening.
 *
 * @param build the Vite build, from `readStaticFiles`
 * @param random uniform numbers in [0, 1), for the faults
 */
export function createFrontend(
  config: FrontendConfig,
  build: ReadonlyMap<string, StaticFile>,
  random: () => number,
): Frontend {
  const { VERSION: version, ENVIRONMENT: environment } = config;
  const files = withoutBroken(build, config.FAULTS.brokenAsset);
  const logger = createLogger({ level: config.LOG_LEVEL, component: 'frontend', version, environment });
  const metrics = createMetrics(version);
  const health = createHealth({ checks: [], failReadiness: config.FAULTS.failReadiness });
  const exchange = createAssetExchange({
    peers: config.ASSET_PEERS,
    // A broken asset is one this release should have: nobody else can help.
    isOwn: (path) => build.has(path),
    get: createPeerClient(logger),
    sleep,
    logger,
  });
  const handler = { config, files, exchange, assets: assetCounter(metrics.registry), random };
  const answer = createHandler(handler);
  return {
    listener: createListener({
      version,
      health,
      metrics,
      logger,
      handle: (request, response) => {
        answer(request, response).catch((error: unknown) => {
          logger.error({ err: error }, 'unexpected error in a request');
          if (response.headersSent) response.destroy();
          else sendError(request, response, INTERNAL_ERROR);
        });
      },
      routeOf: (request) => findTarget(request.url ?? '/', files).route,
    }),
    health,
    metrics,
    logger,
    exchange,
    release: async () => undefined,
  };
}

/** The build without the assets that the fault `broken-asset` names. */
function withoutBroken(build: ReadonlyMap<string, StaticFile>, prefix: string): ReadonlyMap<string, StaticFile> {
  const isBroken = (path: string) => prefix !== '' && path.startsWith('/assets/') && basename(path).startsWith(prefix);
  return new Map([...build].filter(([path]) => !isBroken(path)));
}

function assetCounter(registry: Component['metrics']['registry']) {
  return new Counter({
    name: 'frontend_foreign_assets_total',
    help: 'Requests for assets that this release does not have: copied from another release, or missing everywhere.',
    labelNames: ['outcome'] as const,
    registers: [registry],
  });
}

interface HandlerParts {
  config: FrontendConfig;
  files: ReadonlyMap<string, StaticFile>;
  exchange: AssetExchange;
  assets: Counter<'outcome'>;
  random: () => number;
}

function createHandler({ config, files, exchange, assets, random }: HandlerParts) {
  const headers = Object.entries(securityHeaders(config.IMAGE_SOURCES));
  const faults = createFaultInjector(config.FAULTS, random);
  const runtimeConfig = { version: config.VERSION, environment: config.ENVIRONMENT };
  const index = {
    version: config.VERSION,
    assets: [...files.keys()].filter((path) => path.startsWith('/assets/')).sort(),
  };

  async function sendAsset(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const asked = request.headers[PEER_HEADER] === undefined;
    const file = asked ? await exchange.find(path) : undefined;
    assets.inc({ outcome: file === undefined ? 'missing' : 'copied' });
    if (file === undefined) sendError(request, response, NOT_FOUND);
    else sendFile(request, response, file);
  }

  function sendTarget(request: IncomingMessage, response: ServerResponse, target: Target): void | Promise<void> {
    switch (target.kind) {
      case 'file':
        return sendFile(request, response, target.file);
      case 'asset':
        return sendAsset(request, response, target.path);
      case 'config':
        return sendJson(request, response, runtimeConfig);
      case 'index':
        return sendJson(request, response, index);
      case 'error':
        return sendError(request, response, target.error);
    }
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const [name, value] of headers) response.setHeader(name, value);
    if (faults.active && (await faults.inject())) return sendError(request, response, INJECTED_ERROR);
    if (request.method !== 'GET' && request.method !== 'HEAD') return sendError(request, response, METHOD_NOT_ALLOWED);
    await sendTarget(request, response, findTarget(request.url ?? '/', files));
  };
}
