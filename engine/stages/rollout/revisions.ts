import { deepEqual } from '#core/json.ts';
import { computeMergePatch } from '#kube/merge-patch.ts';
import { controllerOf, controllerReference, isDeleting, type Manifest } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import { type Affinity, affinityFor, isInjectedTermStale } from './anti-affinity.ts';
import { conditionOf, newCondition, setCondition } from './conditions.ts';
import { ephemeralMetadataOf } from './ephemeral-metadata.ts';
import { computePodTemplateHash } from './hash.ts';
import type { ReplicaSet } from './observe.ts';
import { findByHash, type Pass, type RsView, refTo, viewOf } from './pass.ts';
import { MESSAGE, REASON } from './reasons.ts';
import { isSameTemplate } from './template-equality.ts';
import {
  DESIRED_REPLICAS_ANNOTATION,
  EPHEMERAL_METADATA_ANNOTATION,
  HASH_LABEL,
  REVISION_ANNOTATION,
  REVISION_HISTORY_ANNOTATION,
  type RolloutStatus,
  replicasOf,
} from './types.ts';

const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION_ANNOTATION,
  REVISION_HISTORY_ANNOTATION,
  DESIRED_REPLICAS_ANNOTATION,
  'notified.notifications.argoproj.io',
]);

/** Finds the pass's ReplicaSets: claims those the selector matches, releases those it no longer does, and sorts out roles. */
export function findReplicaSets(pass: Pass): void {
  const { rollout, observation } = pass;
  const own = observation.replicaSets.filter((rs) => claim(pass, rs)).map(viewOf);
  pass.allRSs = own.sort((a, b) => a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1));
  pass.newRS =
    findByHash(pass.allRSs, wantedHash(pass)) ??
    pass.allRSs.find(({ object }) => isSameTemplate(object, rollout.spec.template));
  const { stableRS = '' } = pass.status;
  pass.stableRS = pass.newRS?.hash === stableRS ? pass.newRS : findByHash(pass.allRSs, stableRS);
  pass.otherRSs = pass.allRSs.filter((rs) => rs !== pass.newRS && rs !== pass.stableRS);
}

export function wantedHash(pass: Pass): string {
  return computePodTemplateHash(pass.rollout.spec.template, pass.status.collisionCount);
}

/** Whether the ReplicaSet is the rollout's, by the rules of controller references; adopts and releases by patch. */
function claim(pass: Pass, rs: ReplicaSet): boolean {
  const { rollout } = pass;
  const owner = controllerOf(rs);
  const matches = matchesSelector(rollout.spec.selector, rs.metadata.labels);
  if (owner !== undefined && owner.uid !== rollout.metadata.uid) return false;
  if (owner !== undefined && matches) return true;
  if (owner === undefined && (!matches || isDeleting(rs))) return false;
  const others = (rs.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== rollout.metadata.uid);
  const ownerReferences = matches ? [...others, controllerReference(rollout)] : others;
  const target = refTo(pass, 'ReplicaSet.apps', rs.metadata.name);
  pass.draft.add({ effect: 'patch', target, patch: { metadata: { ownerReferences } } });
  return matches;
}

function maxRevision(sets: readonly RsView[]): number {
  return sets.reduce((max, rs) => Math.max(max, rs.revision), 0);
}

/**
 * Creates the ReplicaSet of a new template with no pods, and returns the status of this pass, which ends here. A foreign
 * object under the name is a hash collision: the collision count goes up and the next pass tries another hash.
 */
export function planNewReplicaSet(pass: Pass): RolloutStatus {
  const { rollout, draft, status } = pass;
  const hash = wantedHash(pass);
  const name = `${rollout.metadata.name}-${hash}`;
  if (pass.observation.replicaSets.some((rs) => rs.metadata.name === name)) {
    return { ...status, collisionCount: (status.collisionCount ?? 0) + 1 };
  }
  const revision = maxRevision(pass.allRSs) + 1;
  draft.add({ effect: 'create', object: newReplicaSet(pass, name, hash, revision) });
  setRolloutRevision(pass, revision);
  draft.note('Normal', REASON.newRs, MESSAGE.rsCreatedEvent(name, revision));
  const condition = newCondition('Progressing', 'True', REASON.newRs, MESSAGE.rsCreated(name), pass.nowMs);
  return { ...status, conditions: setCondition(status.conditions ?? [], condition) };
}

function newReplicaSet(pass: Pass, name: string, hash: string, revision: number): Manifest {
  const { rollout, stableRS } = pass;
  const metadata = ephemeralMetadataOf(rollout);
  const injected = stableRS === undefined ? metadata.stable : metadata.next;
  const { template = {}, selector, minReadySeconds } = rollout.spec;
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  const annotations = { ...template.metadata?.annotations, ...injected?.annotations };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: rollout.metadata.namespace as string,
      labels,
      annotations: {
        ...copiedAnnotations(pass),
        [REVISION_ANNOTATION]: String(revision),
        [DESIRED_REPLICAS_ANNOTATION]: String(replicasOf(rollout)),
        ...(injected === undefined ? {} : { [EPHEMERAL_METADATA_ANNOTATION]: JSON.stringify(injected) }),
      },
      ownerReferences: [controllerReference(rollout)],
    },
    spec: {
      replicas: 0,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [HASH_LABEL]: hash } },
      template: {
        ...template,
        spec: withAffinity(template.spec, affinityFor(rollout, hash)),
        metadata: {
          ...template.metadata,
          labels: { ...labels, ...injected?.labels },
          ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
        },
      },
    },
  };
}

function withAffinity(spec: Record<string, unknown> = {}, affinity: unknown): Record<string, unknown> {
  const { affinity: _own, ...rest } = spec;
  return affinity === undefined ? rest : { ...rest, affinity };
}

function copiedAnnotations({ rollout }: Pass): Record<string, string> {
  return Object.fromEntries(Object.entries(rollout.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key)));
}

/**
 * Gives the new ReplicaSet the highest revision, keeps its annotations and minReadySeconds in step with the rollout,
 * and copies the revision to the rollout. Going back to an old ReplicaSet raises its revision this way (rollouts/C20).
 */
export function planRevision(pass: Pass): void {
  const { newRS, rollout } = pass;
  if (newRS === undefined) return;
  const revision = maxRevision(pass.allRSs.filter((rs) => rs !== newRS)) + 1;
  const annotations: Record<string, string> = copiedAnnotations(pass);
  if (newRS.revision < revision) {
    annotations[REVISION_ANNOTATION] = String(revision);
    const history = newRS.object.metadata.annotations?.[REVISION_HISTORY_ANNOTATION] ?? '';
    const previous = [history, newRS.revision === 0 ? '' : String(newRS.revision)].filter((part) => part !== '');
    if (previous.length > 0) annotations[REVISION_HISTORY_ANNOTATION] = previous.join(',');
    newRS.revision = revision;
  }
  const changed = Object.entries(annotations).filter(
    ([key, value]) => newRS.object.metadata.annotations?.[key] !== value,
  );
  const minReadySeconds = rollout.spec.minReadySeconds ?? 0;
  const readyChanged = (newRS.object.spec.minReadySeconds ?? 0) !== minReadySeconds;
  const live = newRS.object.spec.template?.spec?.affinity as Affinity | undefined;
  const isStale = isInjectedTermStale(rollout, live, newRS.hash);
  if (changed.length > 0 || readyChanged || isStale) {
    const affinity = affinityFor(rollout, newRS.hash);
    const spec = {
      ...(readyChanged ? { minReadySeconds } : {}),
      ...(deepEqual(live, affinity) ? {} : { template: { spec: computeMergePatch({ affinity: live }, { affinity }) } }),
    };
    pass.draft.add({
      effect: 'patch',
      target: refTo(pass, 'ReplicaSet.apps', newRS.name),
      patch: {
        ...(changed.length > 0 ? { metadata: { annotations: Object.fromEntries(changed) } } : {}),
        ...(Object.keys(spec).length > 0 ? { spec } : {}),
      },
    });
  }
  setRolloutRevision(pass, newRS.revision);
  if (conditionOf(pass.status.conditions, 'Progressing') === undefined) {
    const found = newCondition('Progressing', 'True', REASON.foundNewRs, MESSAGE.rsFound(newRS.name), pass.nowMs);
    pass.status = { ...pass.status, conditions: setCondition(pass.status.conditions ?? [], found) };
  }
}

function setRolloutRevision(pass: Pass, revision: number): void {
  if (pass.revision === revision) return;
  pass.revision = revision;
  const { namespace, name } = pass.rollout.metadata;
  pass.draft.add({
    effect: 'patch',
    target: { kind: 'Rollout.argoproj.io', namespace, name },
    patch: { metadata: { annotations: { [REVISION_ANNOTATION]: String(revision) } } },
  });
  pass.draft.note('Normal', REASON.updated, MESSAGE.updated(revision));
}

/** Deletes the oldest ReplicaSets beyond revisionHistoryLimit that have no pods, and their analysis runs (§1.18). */
export function planHistory(pass: Pass): void {
  const limit = pass.rollout.spec.revisionHistoryLimit ?? 10;
  const candidates = pass.otherRSs.filter(({ object }) => !isDeleting(object));
  for (const rs of candidates.slice(0, Math.max(0, candidates.length - limit))) {
    const { generation = 0 } = rs.object.metadata;
    if (rs.created !== 0 || rs.spec !== 0 || generation > (rs.object.status?.observedGeneration ?? 0)) continue;
    pass.draft.add({
      effect: 'delete',
      target: refTo(pass, 'ReplicaSet.apps', rs.name),
      propagation: 'Background',
      when: { uid: rs.uid },
    });
  }
}

/** Template or steps are not the ones the status was written for: a new update begins. */
export function isUpdateBegun(pass: Pass, stepHash: string): boolean {
  const { currentStepHash = '', currentPodHash = '' } = pass.status;
  if (currentStepHash !== stepHash) return true;
  return currentPodHash !== '' && currentPodHash !== (pass.newRS?.hash ?? wantedHash(pass));
}
