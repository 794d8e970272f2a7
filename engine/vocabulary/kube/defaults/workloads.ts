import { changed, changedEach, type Members, mapOf, under } from './members.ts';
import { defaultTemplate } from './pod.ts';

const withTemplate = (spec: Members) => changed(spec, 'template', defaultTemplate);

export function defaultDeployment(spec: Members): Members {
  const filled = under(withTemplate(spec), {
    replicas: 1,
    strategy: {},
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  return changed(filled, 'strategy', (strategy) => {
    const typed = under(strategy, { type: 'RollingUpdate' });
    if (typed.type !== 'RollingUpdate') return typed;
    return { ...typed, rollingUpdate: under(mapOf(typed.rollingUpdate), { maxUnavailable: '25%', maxSurge: '25%' }) };
  });
}

export function defaultReplicaSet(spec: Members): Members {
  return under(withTemplate(spec), { replicas: 1 });
}

export function defaultStatefulSet(spec: Members): Members {
  const filled = under(withTemplate(spec), {
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    updateStrategy: {},
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: {},
  });
  const retained = changed(filled, 'persistentVolumeClaimRetentionPolicy', (policy) =>
    under(policy, { whenDeleted: 'Retain', whenScaled: 'Retain' }),
  );
  const updated = changed(retained, 'updateStrategy', (strategy) => {
    const typed = under(strategy, { type: 'RollingUpdate' });
    if (typed.type !== 'RollingUpdate') return typed;
    return { ...typed, rollingUpdate: under(mapOf(typed.rollingUpdate), { partition: 0 }) };
  });
  return changedEach(updated, 'volumeClaimTemplates', (claim) => ({
    ...under(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }),
    spec: under(mapOf(claim.spec), { volumeMode: 'Filesystem' }),
    status: under(mapOf(claim.status), { phase: 'Pending' }),
  }));
}

export function defaultDaemonSet(spec: Members): Members {
  const filled = under(withTemplate(spec), { updateStrategy: {}, revisionHistoryLimit: 10 });
  return changed(filled, 'updateStrategy', (strategy) => {
    const typed = under(strategy, { type: 'RollingUpdate' });
    if (typed.type !== 'RollingUpdate') return typed;
    return { ...typed, rollingUpdate: under(mapOf(typed.rollingUpdate), { maxUnavailable: 1, maxSurge: 0 }) };
  });
}

export function defaultJob(spec: Members): Members {
  const bothUnset = spec.completions === undefined && spec.parallelism === undefined;
  return under(withTemplate(spec), {
    ...(bothUnset ? { completions: 1 } : {}),
    parallelism: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
  });
}

export function defaultCronJob(spec: Members): Members {
  return under(
    changed(spec, 'jobTemplate', (job) => changed(job, 'spec', withTemplate)),
    { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
  );
}
