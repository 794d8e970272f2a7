import { join } from 'node:path';
import { type LocalKey, openLocalKey, signTag } from '#edges/real/git/local-key.ts';
import { SourceError } from '../stages/commit/failures.ts';
import type { Signer } from './approval/approvals.ts';

/** Where a state folder keeps the key. `pern release` and `pern promote` sign with it too. */
export function localKeyFolder(stateFolder: string): string {
  return join(stateFolder, 'gnupg');
}

/** The machine's own key, made when something asks for signatures, and what it signs in the repository. */
export class LocalTrust {
  readonly #parts: { stateFolder: string; repository: string };
  #opening: Promise<LocalKey> | undefined;
  #key: LocalKey | undefined;

  constructor(parts: { stateFolder: string; repository: string }) {
    this.#parts = parts;
  }

  /** Rejects with an Error whose message says how to mend it. */
  open(): Promise<LocalKey> {
    this.#opening ??= openLocalKey(localKeyFolder(this.#parts.stateFolder)).then(
      (key) => {
        this.#key = key;
        return key;
      },
      (error: unknown) => {
        this.#opening = undefined;
        const { message, fix } =
          error instanceof SourceError ? error.failure : { message: String(error), fix: undefined };
        throw new Error(fix === undefined ? message : `${message}; ${fix}`);
      },
    );
    return this.#opening;
  }

  /** Undefined until the key has been opened. */
  get signer(): Signer | undefined {
    const key = this.#key;
    if (key === undefined) return undefined;
    return { key, signTag: (tag) => signTag(key, this.#parts.repository, tag) };
  }
}
