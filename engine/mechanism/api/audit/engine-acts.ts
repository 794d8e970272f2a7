/** What the engine does by itself, read off the objects it writes, so that no controller has to know of the audit record. */
import { parseTime } from '#core/clock.ts';
import { isRecord, valueAt } from '#core/json.ts';
import { kindIdOf } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { WatchEvent } from '#store/store.ts';
import type { AuditEntry } from './record.ts';

type Act = Omit<AuditEntry, 'time'>;

/** Kinds whose warnings are acts of delivery: refused syncs, blocked windows, bad signatures, aborted canaries. */
const AUDITED = new Set(['Application', 'ApplicationSet', 'AppProject', 'Rollout']);

/** Said about a sync that failed; the sync itself is recorded with its commit. */
const SYNC_ENDED = 'OperationCompleted';
const SILENCE_MS = 5 * 60_000;

/**
 * The acts that one write of the store stands for: a sync that began or ended (with commit and initiator), an error condition that
 * appeared on an Application, and every Warning event about an Argo object. Case cd/§6.3.
 */
export function engineActs({ type, object, previous }: WatchEvent): Act[] {
  if (type === 'DELETED') return [];
  if (object.kind === 'Event') return type === 'ADDED' || isNewAgain(object, previous) ? warningActs(object) : [];
  if (kindIdOf(object) !== 'Application.argoproj.io') return [];
  return [...syncActs(object, previous), ...conditionActs(object, previous)];
}

function syncActs(application: KubeObject, previous: KubeObject | undefined): Act[] {
  const state = valueAt(application, ['status', 'operationState']);
  const before = valueAt(previous, ['status', 'operationState']);
  if (!isRecord(state)) return [];
  const begun = !isRecord(before) || before.startedAt !== state.startedAt;
  const ended = state.finishedAt !== undefined && (begun || (isRecord(before) && before.finishedAt === undefined));
  const initiator = valueAt(state, ['operation', 'initiatedBy']);
  const isAutomated = isRecord(initiator) && initiator.automated === true;
  const username = isRecord(initiator) && typeof initiator.username === 'string' ? initiator.username : undefined;
  const commit = textAt(state, ['syncResult', 'revision']) || textAt(state, ['operation', 'sync', 'revision']);
  const common = {
    identity: isAutomated ? 'engine' : (username ?? 'unknown user'),
    groups: [],
    source: 'engine',
    object: nameOf(application),
    resourceVersion: { after: application.metadata.resourceVersion },
    ...(commit === '' ? {} : { commit }),
    rule: isAutomated ? 'spec.syncPolicy.automated' : 'requested',
  };
  const acts: Act[] = [];
  if (begun) acts.push({ ...common, verb: 'sync-started', outcome: 'allowed' });
  if (ended) {
    const phase = String(state.phase ?? '');
    const message = typeof state.message === 'string' ? state.message : '';
    acts.push({
      ...common,
      verb: 'sync-ended',
      outcome: phase === 'Succeeded' ? 'allowed' : 'failed',
      message: `${phase}: ${message}`,
    });
  }
  return acts;
}

function conditionActs(application: KubeObject, previous: KubeObject | undefined): Act[] {
  const known = new Set(errorConditions(previous).map(({ type, message }) => `${type} ${message}`));
  return errorConditions(application)
    .filter(({ type, message }) => !known.has(`${type} ${message}`))
    .map(({ type, message }) => ({
      identity: 'engine',
      groups: [],
      source: 'engine',
      verb: 'condition',
      object: nameOf(application),
      resourceVersion: { after: application.metadata.resourceVersion },
      outcome: 'refused',
      rule: type,
      message,
    }));
}

function errorConditions(application: KubeObject | undefined): { type: string; message: string }[] {
  const conditions = valueAt(application, ['status', 'conditions']);
  if (!Array.isArray(conditions)) return [];
  return conditions
    .filter((item): item is { type: string; message?: string } => isRecord(item) && String(item.type).endsWith('Error'))
    .map(({ type, message }) => ({ type, message: message ?? '' }));
}

/** A warning that comes again counts anew after a silence; one that is repeated all the time is one act. */
function isNewAgain(event: KubeObject, previous: KubeObject | undefined): boolean {
  const [was, is] = [previous, event].map((object) => parseTime(textAt(object, ['lastTimestamp'])));
  return was !== undefined && is !== undefined && is - was >= SILENCE_MS;
}

function warningActs(event: KubeObject): Act[] {
  const about = event.involvedObject as
    | { apiVersion?: string; kind?: string; namespace?: string; name?: string }
    | undefined;
  const isArgo = about?.apiVersion?.startsWith('argoproj.io/') === true && AUDITED.has(about.kind ?? '');
  if (!isArgo || event.type !== 'Warning' || event.reason === SYNC_ENDED) return [];
  return [
    {
      identity: 'engine',
      groups: [],
      source: `engine/${textAt(event, ['source', 'component'])}`,
      verb: textAt(event, ['reason']),
      object: `${about?.kind}.argoproj.io ${about?.namespace ?? ''}/${about?.name ?? ''}`,
      outcome: 'refused',
      rule: textAt(event, ['reason']),
      message: textAt(event, ['message']),
    },
  ];
}

/** `Application.argoproj.io argocd/shop`. */
export function nameOf(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return `${kindIdOf(object)} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

function textAt(value: unknown, path: readonly string[]): string {
  const text = valueAt(value, path);
  return typeof text === 'string' ? text : '';
}
