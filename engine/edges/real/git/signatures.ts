import type { Answer } from '#machine/questions.ts';
import type { RevisionSignature, SignatureRequest } from '#machine/signatures.ts';
import { failureOf } from '../../../stages/commit/failures.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { annotatedTag, type Git, isName, listSignatures } from './revision-signatures.ts';
import { SignatureProcesses } from './signature-process.ts';

/** Signatures expire too: what is still asked for is looked at again after this time. */
const RECHECK_MS = 6 * 3_600_000;
/** A failure is no result: gpg may be installed, a clone may get its history. */
const RETRY_MS = 15_000;
const ANSWERS_MAX = 500;
const KEYRINGS_MAX = 16;

interface Verified {
  signatures: readonly RevisionSignature[];
  /** A key expires then, or it has been long enough. */
  untilMs: number;
}

/** What is needed of a repository. */
export interface SignedRepository {
  folder: string;
  onRefChange(listener: () => void): () => void;
}

/**
 * Verifies signatures with real GnuPG: a private home per set of keys, results kept by commit and keys until a key
 * expires. Everything runs in other processes; nothing waits here.
 */
export class SignatureVerifier {
  readonly #processes = new SignatureProcesses();
  readonly #keyrings = new Map<string, Promise<Keyring>>();
  /** Those whose folder is there. */
  readonly #made = new Set<Keyring>();
  readonly #verified = new Map<string, Verified>();
  #isClosed = false;

  /** Answers at once, when a tag moves, and when keys expire. */
  answer(repository: SignedRepository, request: SignatureRequest, respond: (answer: Answer) => void): () => void {
    let timer: NodeJS.Timeout | undefined;
    let asked = true;
    let latest = 0;
    const look = async () => {
      const mine = ++latest;
      const answer = await this.#verify(repository.folder, request);
      const delayMs = answer.ok ? await this.#delayMs(request) : RETRY_MS;
      if (!asked || mine !== latest || this.#isClosed) return;
      clearTimeout(timer);
      timer = setTimeout(() => void look(), delayMs);
      timer.unref();
      respond(answer);
    };
    const unfollow = isName(request.revision) ? repository.onRefChange(() => void look()) : () => {};
    void look();
    return () => {
      asked = false;
      unfollow();
      clearTimeout(timer);
    };
  }

  /** Ends processes and removes the keys. */
  close(): void {
    this.#isClosed = true;
    this.#processes.close();
    this.#removeKeyrings();
  }

  #removeKeyrings(): void {
    for (const keyring of this.#made) keyring.remove();
    this.#made.clear();
    this.#keyrings.clear();
  }

  async #verify(folder: string, request: SignatureRequest): Promise<Answer> {
    try {
      const { home } = await this.#keyring(request);
      const git: Git = (...args) => this.#processes.git(folder, home, args);
      const tag = await annotatedTag(git, request);
      const id = JSON.stringify([folder, tag ?? '', request.sha, request.history, keyringId(request)]);
      const known = this.#verified.get(id);
      if (known !== undefined && Date.now() < known.untilMs)
        return { ok: true, value: { signatures: known.signatures } };
      const untilMs = Date.now() + (await this.#delayMs(request));
      const signatures = await listSignatures(git, request, tag);
      if (this.#verified.size >= ANSWERS_MAX) this.#verified.clear();
      this.#verified.set(id, { signatures, untilMs });
      return { ok: true, value: { signatures } };
    } catch (error) {
      return { ok: false, failure: failureOf(error) };
    }
  }

  #keyring(request: SignatureRequest): Promise<Keyring> {
    const id = keyringId(request);
    const known = this.#keyrings.get(id);
    if (known !== undefined) return known;
    if (this.#keyrings.size >= KEYRINGS_MAX) this.#removeKeyrings();
    const keyring = createKeyring(this.#processes, request.keyring);
    this.#keyrings.set(id, keyring);
    keyring.then(
      (made) => (this.#isClosed ? made.remove() : this.#made.add(made)),
      () => this.#keyrings.delete(id),
    );
    return keyring;
  }

  /** From now until the next time at which a result may be another. */
  async #delayMs(request: SignatureRequest): Promise<number> {
    const { expiriesMs } = await this.#keyring(request);
    const nowMs = Date.now();
    const expiryMs = expiriesMs.find((timeMs) => timeMs > nowMs);
    return expiryMs === undefined ? RECHECK_MS : Math.min(RECHECK_MS, expiryMs - nowMs + 1000);
  }
}

function keyringId({ keyring }: SignatureRequest): string {
  return JSON.stringify(Object.entries(keyring).sort());
}
