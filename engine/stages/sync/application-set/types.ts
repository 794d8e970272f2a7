import type { KubeObject, ObjectMeta } from '#kube/object.ts';
import type { LabelSelector } from '#kube/selector.ts';
import type { ApplicationProgress, Strategy } from './rolling-sync/types.ts';

/** One set of parameters a generator gives: flat texts with fasttemplate, nested values with Go templates. */
export type Params = Readonly<Record<string, unknown>>;

export interface PathItem {
  path: string;
  exclude?: boolean;
}

export interface GitGenerator {
  repoURL: string;
  revision?: string;
  directories?: PathItem[];
  files?: PathItem[];
  values?: Record<string, string>;
  pathParamPrefix?: string;
  requeueAfterSeconds?: number;
  template?: ApplicationTemplate;
}

export interface ClusterGenerator {
  selector?: LabelSelector;
  values?: Record<string, string>;
  flatList?: boolean;
  template?: ApplicationTemplate;
}

/** One provider block (`github`, `gitlab`, …) beside filters; which one is found by name. */
export interface ScmProviderGenerator {
  filters?: ScmFilter[];
  cloneProtocol?: string;
  values?: Record<string, string>;
  template?: ApplicationTemplate;
  [provider: string]: unknown;
}

export interface ScmFilter {
  repositoryMatch?: string;
  pathsExist?: string[];
  pathsDoNotExist?: string[];
  labelMatch?: string;
  branchMatch?: string;
}

export interface PullRequestGenerator {
  filters?: { branchMatch?: string; targetBranchMatch?: string; titleMatch?: string }[];
  continueOnRepoNotFoundError?: boolean;
  values?: Record<string, string>;
  template?: ApplicationTemplate;
  [provider: string]: unknown;
}

export interface ListGenerator {
  elements?: Record<string, unknown>[];
  elementsYaml?: string;
  template?: ApplicationTemplate;
}

export interface Generator {
  git?: GitGenerator;
  list?: ListGenerator;
  clusters?: ClusterGenerator;
  scmProvider?: ScmProviderGenerator;
  pullRequest?: PullRequestGenerator;
  matrix?: { generators?: Generator[]; template?: ApplicationTemplate };
  merge?: { generators?: Generator[]; mergeKeys?: string[]; template?: ApplicationTemplate };
  selector?: LabelSelector;
  [other: string]: unknown;
}

export interface ApplicationTemplate {
  metadata?: {
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
  };
  spec?: Record<string, unknown>;
}

export interface ApplicationSetSpec {
  goTemplate?: boolean;
  goTemplateOptions?: string[];
  generators?: Generator[];
  template?: ApplicationTemplate;
  templatePatch?: string;
  syncPolicy?: { preserveResourcesOnDeletion?: boolean; applicationsSync?: string };
  strategy?: Strategy;
  preservedFields?: { annotations?: string[]; labels?: string[] };
  ignoreApplicationDifferences?: { name?: string; jsonPointers?: string[]; jqPathExpressions?: string[] }[];
  [field: string]: unknown;
}

export interface ApplicationSetCondition {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
  lastTransitionTime?: string;
}

export interface ApplicationSetStatus {
  conditions?: ApplicationSetCondition[];
  resources?: Record<string, unknown>[];
  resourcesCount?: number;
  applicationStatus?: ApplicationProgress[];
  health?: { status: string; message?: string; lastTransitionTime?: string };
  [field: string]: unknown;
}

export interface ApplicationSet extends KubeObject {
  metadata: ObjectMeta;
  spec: ApplicationSetSpec;
  status?: ApplicationSetStatus;
}

/** Answers are still to come: the whole expansion is tried again when they are there. */
export class PendingError extends Error {
  override name = 'PendingError';
}

/** A generator that cannot give its parameters. */
export class GeneratorError extends Error {
  override name = 'GeneratorError';
}

/** A template that cannot be rendered. */
export class TemplateError extends Error {
  override name = 'TemplateError';
}
