import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineProcess } from '../engine/host/testing/engine-process.ts';
import { Environment } from '../engine/host/testing/environment.ts';
import { createRepository, type TestRepository } from '../engine/host/testing/repository.ts';

export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;

/** A repository of the benchmark's own and what an engine keeps for it. Removed as a whole by `remove`. */
export class BenchRepository {
  readonly repository: TestRepository = createRepository();

  /** An empty state folder, but for the images that were built before. */
  freshState(options: { keepImages: boolean }): void {
    const state = join(this.repository.folder, 'state');
    const kept = join(this.repository.folder, 'images-kept');
    if (options.keepImages && !existsSync(kept))
      cpSync(join(state, 'images'), kept, { recursive: true, verbatimSymlinks: true });
    rmSync(state, { recursive: true, force: true });
    mkdirSync(state, { mode: 0o755 });
    if (options.keepImages) cpSync(kept, join(state, 'images'), { recursive: true, verbatimSymlinks: true });
  }

  start(environments?: readonly string[]): Promise<EngineProcess> {
    return EngineProcess.start(this.repository, environments);
  }

  pid(): number {
    return (JSON.parse(readFileSync(this.#record, 'utf8')) as { pid: number }).pid;
  }

  /** When the engine wrote its record, which it does when the API answers; ms since the epoch. */
  readyAtMs(): number {
    return statSync(this.#record).mtimeMs;
  }

  get #record(): string {
    return join(this.repository.folder, 'state', 'engine.json');
  }

  remove(): void {
    this.repository.remove();
  }
}

/** Resolves when these environments are Synced and Healthy. */
export async function untilHealthy(engine: EngineProcess, names: readonly string[] = ENVIRONMENTS): Promise<void> {
  await Promise.all(names.map((name) => new Environment(engine, name).untilHealthy()));
}
