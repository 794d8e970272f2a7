import { isRecord } from '#core/json.ts';
import { changed, changedEach, type Members, mapOf, under } from './members.ts';

/** Defaults that pods and pod templates share (kubernetes-api.md §5, row PodSpec). */
export function defaultPodSpec(spec: Members): Members {
  const filled = under(spec, {
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    schedulerName: 'default-scheduler',
  });
  // The old spelling of serviceAccountName is kept in step with it, as the server does.
  const account = filled.serviceAccountName ?? filled.serviceAccount;
  const named = account === undefined ? filled : { ...filled, serviceAccountName: account, serviceAccount: account };
  const hostNetwork = spec.hostNetwork === true;
  const container = (value: Members) => defaultContainer(value, hostNetwork);
  const withContainers = changedEach(changedEach(named, 'containers', container), 'initContainers', container);
  return changedEach(withContainers, 'volumes', defaultVolume);
}

/** Defaults of pods alone: templates do not get these. */
export function defaultPod(spec: Members): Members {
  const filled = under(defaultPodSpec(spec), { enableServiceLinks: true });
  return changedEach(changedEach(filled, 'containers', requestsFromLimits), 'initContainers', requestsFromLimits);
}

/** `{ metadata, spec }` of a workload. */
export function defaultTemplate(template: Members): Members {
  return { ...template, spec: defaultPodSpec(mapOf(template.spec)) };
}

function defaultContainer(container: Members, hostNetwork: boolean): Members {
  let filled = under(container, {
    imagePullPolicy: defaultPullPolicy(container.image),
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  filled = changedEach(filled, 'ports', (port) =>
    under(port, { protocol: 'TCP', ...(hostNetwork ? { hostPort: port.containerPort } : {}) }),
  );
  filled = changedEach(filled, 'env', (variable) =>
    changed(variable, 'valueFrom', (source) => changed(source, 'fieldRef', (ref) => under(ref, { apiVersion: 'v1' }))),
  );
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'])
    filled = changed(filled, probe, defaultProbe);
  return changed(filled, 'lifecycle', (lifecycle) =>
    changed(changed(lifecycle, 'postStart', defaultHandler), 'preStop', defaultHandler),
  );
}

/** `Always` for the tag `latest` or no tag, else `IfNotPresent`. A digest counts as a tag. */
export function defaultPullPolicy(image: unknown): string {
  if (typeof image !== 'string' || image.includes('@')) return 'IfNotPresent';
  const name = image.slice(image.lastIndexOf('/') + 1);
  const colon = name.indexOf(':');
  return colon < 0 || name.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: Members): Members {
  const filled = under(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  return changed(defaultHandler(filled), 'grpc', (grpc) => under(grpc, { service: '' }));
}

function defaultHandler(handler: Members): Members {
  return changed(handler, 'httpGet', (get) => under(get, { path: '/', scheme: 'HTTP' }));
}

const MODE = { defaultMode: 0o644 };

function defaultVolume(volume: Members): Members {
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key] !== undefined);
  let filled: Members = sources.length === 0 ? { ...volume, emptyDir: {} } : volume;
  for (const source of ['secret', 'configMap']) filled = changed(filled, source, (value) => under(value, MODE));
  filled = changed(filled, 'downwardAPI', (value) => changedEach(under(value, MODE), 'items', defaultFieldRef));
  filled = changed(filled, 'hostPath', (value) => under(value, { type: '' }));
  return changed(filled, 'projected', (value) =>
    changedEach(under(value, MODE), 'sources', (source) =>
      changed(
        changed(source, 'serviceAccountToken', (token) => under(token, { expirationSeconds: 3600 })),
        'downwardAPI',
        (downward) => changedEach(downward, 'items', defaultFieldRef),
      ),
    ),
  );
}

function defaultFieldRef(item: Members): Members {
  return changed(item, 'fieldRef', (ref) => under(ref, { apiVersion: 'v1' }));
}

function requestsFromLimits(container: Members): Members {
  return changed(container, 'resources', (resources) =>
    isRecord(resources.limits)
      ? { ...resources, requests: { ...resources.limits, ...mapOf(resources.requests) } }
      : resources,
  );
}
