export type Level = 'privileged' | 'baseline' | 'restricted';

/** A level and the version of its rules; `minor` is Infinity for `latest`. */
export interface LevelVersion {
  level: Level;
  minor: number;
}

/** What a namespace asks for: pods that violate `enforce` are refused, `warn` and `audit` only tell. */
export interface PodSecurityPolicy {
  enforce: LevelVersion;
  warn: LevelVersion;
  audit: LevelVersion;
}

const RANK: Readonly<Record<Level, number>> = { privileged: 0, baseline: 1, restricted: 2 };
const LATEST = Number.POSITIVE_INFINITY;

/** A label of a namespace that does not say a level or a version, in kube-apiserver's words. */
export interface PolicyLabelProblem {
  label: string;
  value: string;
  detail: string;
}

/**
 * The policy that a namespace's `pod-security.kubernetes.io/*` labels ask for. An enforce label that cannot be read counts
 * as restricted, a warn or audit label as privileged; warn follows a stricter enforce level unless it has a label.
 * Source: k8s.io/pod-security-admission v0.34 api.PolicyToEvaluate.
 */
export function readPodSecurityPolicy(labels: Readonly<Record<string, string>> | undefined): {
  policy: PodSecurityPolicy;
  problems: PolicyLabelProblem[];
} {
  const problems: PolicyLabelProblem[] = [];
  const read = (mode: 'enforce' | 'warn' | 'audit', fallback: Level): LevelVersion => ({
    level: readLevel(labels, `pod-security.kubernetes.io/${mode}`, fallback, problems),
    minor: readMinor(labels, `pod-security.kubernetes.io/${mode}-version`, problems),
  });
  const enforce = read('enforce', 'restricted');
  const audit = read('audit', 'privileged');
  const warn = read('warn', 'privileged');
  const isReadable = isLevel(labels?.['pod-security.kubernetes.io/enforce']);
  const follows = isReadable && labels?.['pod-security.kubernetes.io/warn'] === undefined;
  if (follows && RANK[enforce.level] > RANK[warn.level]) {
    warn.level = enforce.level;
    if (labels?.['pod-security.kubernetes.io/warn-version'] === undefined) warn.minor = enforce.minor;
  }
  return { policy: { enforce, warn, audit }, problems };
}

/** `restricted:latest`, `baseline:v1.30`. */
export function levelText({ level, minor }: LevelVersion): string {
  return `${level}:${minor === LATEST ? 'latest' : `v1.${minor}`}`;
}

function isLevel(text: string | undefined): text is Level {
  return text !== undefined && Object.hasOwn(RANK, text);
}

function readLevel(
  labels: Readonly<Record<string, string>> | undefined,
  label: string,
  unreadable: Level,
  problems: PolicyLabelProblem[],
): Level {
  const value = labels?.[label];
  if (value === undefined) return 'privileged';
  if (isLevel(value)) return value;
  problems.push({ label, value, detail: 'must be one of privileged, baseline, restricted' });
  return unreadable;
}

function readMinor(
  labels: Readonly<Record<string, string>> | undefined,
  label: string,
  problems: PolicyLabelProblem[],
): number {
  const value = labels?.[label];
  if (value === undefined || value === 'latest') return LATEST;
  const minor = /^v1\.(0|[1-9]\d*)$/.exec(value)?.[1];
  if (minor !== undefined) return Number(minor);
  problems.push({ label, value, detail: 'must be "latest" or "v1.x"' });
  return LATEST;
}
