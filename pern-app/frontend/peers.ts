import type { IncomingMessage } from 'node:http';
import type { Logger } from '../operations/logging.ts';

// As in `../operations/shutdown.ts`: an import would load a whole HTTP client that is not needed, and so would `fetch`.
const http = process.getBuiltinModule('node:http');

/** Marks a request of a peer, which is answered from memory and never passed on. */
export const PEER_HEADER = 'x-asset-peer';

const BYTES_MAX = 4 * 1024 * 1024;
const TIMEOUT_MS = 3000;

/** Asks other pods of this component. Never rejects: a peer that is away, slow or sends too much has nothing to give. */
export function createPeerClient(logger: Logger): (url: string) => Promise<Buffer | undefined> {
  return async (url) => {
    try {
      return await getContent(url);
    } catch (error) {
      logger.debug({ err: error, url }, 'a peer does not answer');
      return undefined;
    }
  };
}

function getContent(url: string): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const options = { headers: { [PEER_HEADER]: '1' }, signal: AbortSignal.timeout(TIMEOUT_MS) };
    http
      .get(url, options, (response) => {
        readContent(response).then(resolve, reject);
      })
      .once('error', reject);
  });
}

async function readContent(response: IncomingMessage): Promise<Buffer | undefined> {
  if (response.statusCode !== 200) {
    response.resume();
    return undefined;
  }
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BYTES_MAX) throw new Error(`more than ${BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
