import { diskFileSystem } from '../../cli/disk-files.ts';
import { expandSet } from '../model/expand-set.ts';
import type { PlacedObject } from '../model/placed-object.ts';
import { openTree, type Tree } from '../model/tree.ts';

export const ROOT = new URL('../..', import.meta.url).pathname;
export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

let opened: Tree | undefined;

/** This repository's declaration, rendered and followed to every environment. */
export function declaredTree(): Tree {
  opened ??= openTree(diskFileSystem(ROOT), { folder: 'pern-gitops', repositories: [], expandSet });
  return opened;
}

/** An object's content with the freedom of a test: what is not there is undefined, and fails the expectation. */
// biome-ignore lint/suspicious/noExplicitAny: manifests are read as they are
export type Loose = any;

/** Objects of a kind (`Rollout.argoproj.io`) in one environment, in order of the build. */
export function inEnvironment(environment: Environment, kindId: string): Loose[] {
  return placedIn(environment)
    .filter((object) => object.kindId === kindId)
    .map(({ value }) => value);
}

export function placedIn(environment: Environment): readonly PlacedObject[] {
  const deployment = declaredTree().deployments.find(({ name }) => name === `pern-app-${environment}`);
  if (deployment === undefined) throw new Error(`no Application deploys ${environment}`);
  return deployment.objects;
}

export function named(environment: Environment, kindId: string, name: string): Loose {
  const found = inEnvironment(environment, kindId).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`${environment} has no ${kindId} ${name}`);
  return found;
}

/** An object of the root Application. */
export function rooted(kindId: string, name: string): Loose {
  const found = declaredTree()
    .byKind(kindId)
    .find((object) => object.name === name);
  if (found === undefined) throw new Error(`the tree has no ${kindId} ${name}`);
  return found.value;
}

/** `10m` → 600,000. */
export function durationMs(text: string): number {
  const match = /^(\d+)(s|m|h)$/.exec(text);
  if (match === null) throw new Error(`${text} is no duration`);
  return Number(match[1]) * { s: 1000, m: 60_000, h: 3_600_000 }[match[2] as 's' | 'm' | 'h'];
}
