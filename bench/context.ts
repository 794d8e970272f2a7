import type { EngineProcess } from '../engine/host/testing/engine-process.ts';
import type { BenchRepository } from './live-engine.ts';

/** What benchmarks share: one repository, and one engine with three healthy environments for those that need it. */
export interface BenchContext {
  repository: BenchRepository;
  /** Starts it at the first call. */
  engine(): Promise<EngineProcess>;
}

export function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
