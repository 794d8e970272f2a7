import type { Access } from '#api/access/access.ts';
import type { AuditSink } from '#api/audit/record.ts';
import { ApiError } from '#api/errors.ts';
import type { Resources } from '#api/resources.ts';
import type { SourcePort } from '#edges/ports.ts';
import type { LocalKey } from '#edges/real/git/local-key.ts';
import { auditEntry, type Requester } from '#edges/real/http-api/guarded-resources.ts';
import { findKind, type ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Failure, Question } from '#machine/questions.ts';
import type { RevisionSignature } from '#machine/signatures.ts';
import type { ProjectSpec } from '../../stages/sync/app-project/permissions.ts';
import {
  type IntegrityDemand,
  integrityDemand,
  KEYRING_NAME,
  keyringOf,
} from '../../stages/sync/app-project/source-integrity.ts';
import { effectiveProject } from '../../stages/sync/application/project.ts';
import type { Application } from '../../stages/sync/application/types.ts';
import { askOnce } from '../root-application.ts';
import { followedTag } from '../root-overrides.ts';
import {
  type ApprovalCheck,
  approvalPatch,
  approvalProblem,
  checkSignatures,
  checkWindow,
  isTrusted,
} from './checks.ts';

const APPLICATION = 'Application.argoproj.io';
const CONTROL_PLANE = 'argocd';

export interface ApprovalRequest {
  /** Name of the Application. */
  application: string;
  /** Branch, tag or commit; by default what the Application tracks, on a machine with a key of its own HEAD. */
  revision?: string;
  reason?: string;
  /** Decide, but change and record nothing. */
  dryRun?: boolean;
}

export interface ApprovalOutcome {
  approved: boolean;
  application: string;
  revision: string;
  /** The signed tag that was moved, where there is one. */
  tag?: string;
  checks: ApprovalCheck[];
  /** Of the Application with the operation in it; absent when nothing was begun. */
  resourceVersion?: string;
}

/** How the machine vouches for a commit with its own key. */
export interface Signer {
  key: Pick<LocalKey, 'id'>;
  signTag(tag: { name: string; sha: string; message: string; tagger: string }): Promise<void>;
}

export interface ApprovalParts {
  resources: Resources;
  source: SourcePort;
  access: Access;
  audit: AuditSink;
  /** Absent with --strict, and as long as nothing asks for signatures. */
  signer: () => Signer | undefined;
  now: () => number;
}

/** What is decided about: one Application at one commit. */
interface Subject {
  application: Application;
  project: { name: string; spec: ProjectSpec };
  demand: IntegrityDemand;
  repoURL: string;
  targetRevision: string;
  sha: string;
  tag: string | undefined;
}

/** Approvals of Applications that are synced by hand: checked, recorded, and carried out as a sync of one commit. */
export class Approvals {
  readonly #parts: ApprovalParts;
  /** One at a time: two would move one tag. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: ApprovalParts) {
    this.#parts = parts;
  }

  /**
   * Decides, and unless it is a dry run or refused begins the sync. Rejects with ApiError for what cannot be decided: no
   * such Application or revision, one that is automated or busy.
   */
  approve(request: ApprovalRequest, requester: Requester): Promise<ApprovalOutcome> {
    const run = this.#turn.then(() => this.#approve(request, requester));
    this.#turn = run.catch(() => {});
    return run;
  }

  async #approve(request: ApprovalRequest, requester: Requester): Promise<ApprovalOutcome> {
    const application = this.#find(request.application, requester);
    const problem = approvalProblem(application);
    if (problem !== undefined) {
      throw new ApiError('Conflict', `cannot approve ${application.metadata.name}: ${problem}`);
    }
    const subject = await this.#subject(application, request);
    const checks = [
      this.#checkRight(subject, request, requester),
      await this.#checkSignature(subject),
      checkWindow(application, subject.project.spec, this.#parts.now()),
    ];
    const approved = checks.every(({ ok }) => ok);
    const outcome: ApprovalOutcome = {
      approved,
      application: application.metadata.name,
      revision: subject.sha,
      ...(subject.tag === undefined ? {} : { tag: subject.tag }),
      checks,
    };
    if (request.dryRun === true) return outcome;
    if (!approved) {
      this.#record(subject, requester, checks, request.reason);
      return outcome;
    }
    if (subject.tag !== undefined) await this.#moveTag(subject, subject.tag, request, requester);
    const stored = this.#begin(subject, request, requester);
    this.#record(subject, requester, checks, request.reason);
    return { ...outcome, resourceVersion: stored.metadata.resourceVersion };
  }

  #find(name: string, { identity }: Requester): Application {
    const { resources, access } = this.#parts;
    const ref = { kind: APPLICATION, namespace: CONTROL_PLANE, name };
    const found = resources.store.get(APPLICATION, CONTROL_PLANE, name);
    access.authoriseRead(identity, ref, found as KubeObject | undefined);
    if (found === undefined) throw new ApiError('NotFound', `there is no Application "${name}"`);
    return found as unknown as Application;
  }

  async #subject(application: Application, request: ApprovalRequest): Promise<Subject> {
    const { resources, signer } = this.#parts;
    const { repoURL = '', targetRevision = '' } = application.spec.source ?? {};
    const name = application.spec.project || 'default';
    const project = effectiveProject(resources.store, CONTROL_PLANE, name);
    if (project === undefined) throw new ApiError('NotFound', `there is no AppProject "${name}"`);
    const spec = (project.spec ?? {}) as ProjectSpec;
    const tag = signer() === undefined ? undefined : followedTag(targetRevision);
    const revision = request.revision ?? (tag === undefined ? targetRevision || 'HEAD' : 'HEAD');
    const resolved = await this.#ask({ ask: 'revision', repoURL, revision });
    const demand = integrityDemand(spec, repoURL);
    return { application, project: { name, spec }, demand, repoURL, targetRevision, sha: resolved.sha, tag };
  }

  /** The same question as for a sync through the API: what would be written is what is asked about. */
  #checkRight(subject: Subject, request: ApprovalRequest, requester: Requester): ApprovalCheck {
    const { resources, access } = this.#parts;
    const ref = refOf(subject);
    const before = resources.get(ref);
    try {
      const patch = approvalPatch(subject.application, syncOf(subject, request, requester));
      const after = resources.patch(ref, { type: 'merge', patch }, { dryRun: true });
      const kind = findKind(APPLICATION) as ResourceKind;
      const rule = access.authorise(requester.identity, { ...ref, kind, verb: 'update', before, after });
      return { check: 'right', ok: true, detail: `${requester.identity.username} may sync it: ${rule}` };
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== 'Forbidden') throw error;
      return { check: 'right', ok: false, detail: error.message };
    }
  }

  /** With a tag to be signed, its key has to be one that the project takes; otherwise the commit has to be signed itself. */
  async #checkSignature(subject: Subject): Promise<ApprovalCheck> {
    const { demand, project, tag, sha, repoURL, targetRevision } = subject;
    const key = this.#parts.signer()?.key;
    if (tag === undefined || key === undefined || demand.demand !== 'signatures' || demand.history) {
      const revision = tag === undefined ? targetRevision : sha;
      const signatures = demand.demand === 'signatures' ? await this.#signatures(subject, revision) : [];
      return checkSignatures(demand, project.name, signatures);
    }
    const [own] = await this.#ask({
      ask: 'signatures',
      repoURL,
      revision: sha,
      sha,
      history: false,
      keyring: this.#keyring(),
    }).then(({ signatures }) => signatures);
    const ofCommit =
      own === undefined || own.result === 'unsigned'
        ? 'the commit is not signed'
        : `the commit is ${own.result} (key ${own.keyId})`;
    const isKnown = isTrusted(demand, key.id) && this.#keyring()[key.id] !== undefined;
    const vouches = isKnown
      ? `the approval vouches for it with tag ${tag}, signed with key ${key.id} of AppProject ${project.name}`
      : `AppProject ${project.name} does not take this machine's key ${key.id}`;
    return { check: 'signature', ok: isKnown, detail: `${ofCommit}; ${vouches}` };
  }

  async #signatures({ demand, repoURL, sha }: Subject, revision: string): Promise<readonly RevisionSignature[]> {
    const history = demand.demand === 'signatures' && demand.history;
    const keyring = this.#keyring();
    return (await this.#ask({ ask: 'signatures', repoURL, revision, sha, history, keyring })).signatures;
  }

  #keyring(): Readonly<Record<string, string>> {
    const found = this.#parts.resources.store.get('ConfigMap', CONTROL_PLANE, KEYRING_NAME);
    return keyringOf(found as KubeObject | undefined);
  }

  /** Moves the tag, and looks with the project's own eyes whether it vouches. Throws ApiError when it does not. */
  async #moveTag(subject: Subject, tag: string, request: ApprovalRequest, { identity }: Requester): Promise<void> {
    const { application, sha, demand, project } = subject;
    const what = `Approve ${application.metadata.name} at ${sha}`;
    const message = `${what}\n\nApproved-by: ${identity.username}${request.reason === undefined ? '' : `\nReason: ${request.reason}`}`;
    await this.#parts.signer()?.signTag({ name: tag, sha, message, tagger: identity.username });
    const seen = checkSignatures(demand, project.name, await this.#signatures(subject, `refs/tags/${tag}`));
    if (!seen.ok) throw new ApiError('InternalError', `the tag ${tag} was signed and does not verify: ${seen.detail}`);
  }

  #begin(subject: Subject, request: ApprovalRequest, requester: Requester): KubeObject {
    const ref = refOf(subject);
    const live = this.#parts.resources.get(ref) as unknown as Application;
    const problem = approvalProblem(live);
    if (problem !== undefined) throw new ApiError('Conflict', `cannot approve ${live.metadata.name}: ${problem}`);
    const patch = approvalPatch(live, syncOf(subject, request, requester));
    return this.#parts.resources.patch(ref, { type: 'merge', patch }, { fieldManager: 'pern-approval' });
  }

  #record(subject: Subject, requester: Requester, checks: readonly ApprovalCheck[], reason: string | undefined): void {
    const refusals = checks.filter(({ ok }) => !ok);
    const decisive = refusals.length === 0 ? checks : refusals;
    this.#parts.audit.append(
      auditEntry(requester, this.#parts.now(), {
        verb: 'approve',
        object: `${APPLICATION} ${CONTROL_PLANE}/${subject.application.metadata.name}`,
        commit: subject.sha,
        outcome: refusals.length === 0 ? 'allowed' : 'refused',
        rule: decisive.map(({ check, detail }) => `${check}: ${detail}`).join('; '),
        ...(reason === undefined ? {} : { message: reason }),
      }),
    );
  }

  async #ask<Q extends Extract<Question, { ask: 'revision' | 'signatures' }>>(question: Q) {
    return new Promise<Q extends { ask: 'revision' } ? { sha: string } : { signatures: readonly RevisionSignature[] }>(
      (resolve, reject) => {
        askOnce(this.#parts.source, question, (answer) => {
          if (answer.ok) resolve(answer.value as never);
          else reject(new ApiError('BadRequest', textOf(answer.failure)));
        });
      },
    );
  }
}

function refOf({ application }: Subject) {
  return { kind: APPLICATION, namespace: CONTROL_PLANE, name: application.metadata.name } as const;
}

function syncOf({ sha }: Subject, { reason }: ApprovalRequest, { identity }: Requester) {
  return { sha, reason, username: identity.username };
}

function textOf({ message, fix }: Failure): string {
  return fix === undefined ? message : `${message}; ${fix}`;
}
