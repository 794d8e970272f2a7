import type { KubeObject } from '#kube/object.ts';
import type { ClusterSecret } from './inputs.ts';

/** One Secret as a cluster. `stringData` counts as it does when the Secret is stored. */
export function clusterOf(secret: KubeObject): ClusterSecret {
  const { data, stringData } = secret as unknown as Record<'data' | 'stringData', Record<string, string> | undefined>;
  const read = (key: string) => stringData?.[key] ?? decode(data?.[key] ?? '');
  return {
    name: read('name'),
    server: read('server'),
    project: read('project'),
    labels: secret.metadata.labels ?? {},
    annotations: secret.metadata.annotations ?? {},
  };
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
