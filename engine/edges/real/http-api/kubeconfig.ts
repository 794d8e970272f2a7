import { stringify } from 'yaml';
import { writePrivate } from './certificates.ts';

/**
 * Writes a kubeconfig for the engine's API to `path` (mode 0600), with the context `pern`: what kubectl, client-node and
 * the command line connect with. `ca` is PEM text; `namespace` is where commands without `-n` go.
 */
export function writeKubeconfig(
  path: string,
  access: { server: string; ca: string; token: string; namespace?: string },
): void {
  const name = 'pern';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: access.server,
          'certificate-authority-data': Buffer.from(access.ca, 'utf8').toString('base64'),
        },
      },
    ],
    users: [{ name, user: { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: access.namespace ?? 'default' } }],
    'current-context': name,
  };
  writePrivate(path, stringify(config));
}
