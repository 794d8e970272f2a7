import { isRecord } from '#core/json.ts';
import {
  callMethod,
  type ExprEnvironment,
  ExprFunction,
  GoDuration,
  GoTime,
  METHODS,
  notificationEnvironment,
  ValueError,
} from '#lib/expr/index.ts';
import { TemplateObject } from '#lib/gotemplate/object.ts';
import type { Answer, Question } from '#machine/questions.ts';
import type { Destination } from './subscriptions.ts';

/** How functions of expressions and templates reach what only the outside knows. */
export interface Lookup {
  ask<Q extends Question>(question: Q): Answer<Q> | undefined;
}

/** What triggers and templates of one object may name, apart from where the message goes. */
export interface Variables {
  environment: ExprEnvironment;
  /** True once an evaluation needed an answer that is not there yet: its outcome means nothing. */
  isPending(): boolean;
}

/** Variables of an Application: `app`, `appProject`, `context`, `repo`, `time`, `strings` (argo-cd.md §4.4). */
export function applicationVariables(
  parts: { application: object; project: object | undefined; context: Readonly<Record<string, string>> },
  lookup: Lookup,
  nowMs: number,
): Variables {
  const pending = { yes: false };
  const objects = {
    app: withIntegers(parts.application),
    appProject: withIntegers(parts.project ?? {}),
    context: parts.context,
    repo: repoFunctions(parts.application, lookup, pending),
  };
  return { environment: notificationEnvironment(objects, nowMs), isPending: () => pending.yes };
}

/** Variables of a Rollout: `rollout`, `analysisRuns` (newest first; nil when there are none), `time`, `context`. */
export function rolloutVariables(
  parts: { rollout: object; analysisRuns: readonly object[]; context: Readonly<Record<string, string>> },
  nowMs: number,
): Variables {
  const { rollout, context } = parts;
  const analysisRuns = parts.analysisRuns.length === 0 ? undefined : parts.analysisRuns;
  return { environment: notificationEnvironment({ rollout, analysisRuns, context }, nowMs), isPending: () => false };
}

/** The data of a template: the variables, the destination, and stand-ins for the values of the Secret. */
export function templateData(
  { environment }: Variables,
  destination: Destination & { serviceType: string },
  secrets: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const { serviceType, recipient } = destination;
  return { ...(toTemplate(environment.names) as Record<string, unknown>), serviceType, recipient, secrets };
}

/** Go decodes whole numbers of Kubernetes objects as integers; a JSON number is a float here until it is made one. */
function withIntegers(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(withIntegers);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withIntegers(member)]));
}

/** Functions become callable with `call`; times and durations get their methods. */
function toTemplate(value: unknown): unknown {
  if (value instanceof ExprFunction) return (...values: unknown[]) => toTemplate(value.call(values.map(fromTemplate)));
  if (value instanceof GoTime) return objectOf('time.Time', value);
  if (value instanceof GoDuration) return objectOf('time.Duration', value);
  if (Array.isArray(value)) return value.map(toTemplate);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toTemplate(member)]));
}

function objectOf(type: string, go: GoTime | GoDuration): TemplateObject {
  const methods = Object.keys(METHODS[type] ?? {}).map((name) => [
    name,
    (...values: unknown[]) => toTemplate(callMethod(go, name, values.map(fromTemplate))),
  ]);
  return new TemplateObject(go, go.toString(), Object.fromEntries(methods));
}

function fromTemplate(value: unknown): unknown {
  return value instanceof TemplateObject ? value.value : value;
}

interface Pending {
  yes: boolean;
}

function repoFunctions(application: object, lookup: Lookup, pending: Pending): Record<string, ExprFunction> {
  const { spec, status } = application as {
    spec?: { source?: { repoURL?: string; path?: string }; sources?: { repoURL?: string }[] };
    status?: { sourceType?: string; summary?: { images?: string[] } };
  };
  const repoURL = spec?.source?.repoURL;
  return {
    RepoURLToHTTPS: textFunction('RepoURLToHTTPS', repoUrlToHttps),
    FullNameByRepoURL: textFunction('FullNameByRepoURL', fullNameByRepoUrl),
    QueryEscape: textFunction('QueryEscape', queryEscape),
    GetCommitMetadata: new ExprFunction('GetCommitMetadata', ['string'], 'any', ([sha]) => {
      if (repoURL === undefined) throw new ValueError('failed to get application source repo URL');
      return commitMetadata(lookup.ask({ ask: 'commit', repoURL, sha: String(sha) }), pending);
    }),
    GetAppDetails: new ExprFunction('GetAppDetails', [], 'any', () => ({
      Type: status?.sourceType ?? '',
      Kustomize: status?.sourceType === 'Kustomize' ? { Images: status.summary?.images ?? [] } : null,
      Directory: status?.sourceType === 'Directory' ? {} : null,
      Helm: null,
    })),
  };
}

function commitMetadata(answer: Answer<Extract<Question, { ask: 'commit' }>> | undefined, pending: Pending): unknown {
  if (answer === undefined) {
    pending.yes = true;
    throw new ValueError('the commit is being read');
  }
  if (!answer.ok) throw new ValueError(answer.failure.message);
  const { message, author, authoredAtMs, tags } = answer.value;
  return { Message: message, Author: author, Date: new GoTime(authoredAtMs), Tags: tags };
}

function textFunction(name: string, compute: (text: string) => string): ExprFunction {
  return new ExprFunction(name, ['string'], 'string', ([text]) => compute(String(text)));
}

/** Host and path of a repository URL, in URL or scp form; a local path has no host. */
function parseGitUrl(text: string): { host: string; path: string } {
  const url = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?([^/?#]*)([^?#]*)/i.exec(text);
  if (url !== null) return { host: url[1] as string, path: url[2] as string };
  const scp = /^(?:[^@/:]+@)?([^/:]+):(?!\/\/)(.+)$/.exec(text);
  if (scp !== null) return { host: scp[1] as string, path: `/${(scp[2] as string).replace(/^\/+/, '')}` };
  return { host: '', path: text };
}

/** `repo.RepoURLToHTTPS`: the same repository over https, without a user. */
export function repoUrlToHttps(text: string): string {
  const { host, path } = parseGitUrl(text);
  return `https://${host}${path}`;
}

/** `repo.FullNameByRepoURL`: `owner/name`. */
export function fullNameByRepoUrl(text: string): string {
  const path = parseGitUrl(text).path.replace(/\.git$/, '');
  const parts = path.split('/').filter((part) => part !== '');
  return parts.length >= 2 ? parts.slice(0, 2).join('/') : path;
}

/** Go's `url.QueryEscape`. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/%20/g, '+')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
