import type { Expectation, Scenario } from '../scenario/types.ts';
import type { Check, Facts, Release } from './facts.ts';

const MINUTE_MS = 60_000;

/** Every expectation against what came. Without a release the environment is `unchanged`, or waits. */
export function checksOf(scenario: Scenario, facts: Omit<Facts, 'checks' | 'isSettled'>, isSettled: boolean): Check[] {
  const checks = scenario.expect.flatMap((expectation, index) =>
    expectationChecks(scenario, facts, expectation, index),
  );
  if (isSettled) return checks;
  const at = scenario.placeOf(['within']);
  const text = `the story ends within ${scenario.withinMs / MINUTE_MS} minutes`;
  const open = facts.releases
    .filter(({ endMs }) => endMs === undefined)
    .map(({ environment, component, outcome }) => `${environment} ${component} is ${outcome}`);
  const blocked = facts.environments
    .filter(({ sync }) => sync !== 'Synced')
    .map(({ environment, message }) => `${environment}: ${message ?? 'not synced'}`);
  return [...checks, { text, ok: false, got: [...open, ...blocked].join('; ') || 'something still goes on', at }];
}

type Tell = (field: keyof Expectation, text: string, ok: boolean, got: string) => void;

function expectationChecks(
  scenario: Scenario,
  facts: Omit<Facts, 'checks' | 'isSettled'>,
  expectation: Expectation,
  index: number,
): Check[] {
  const checks: Check[] = [];
  const tell: Tell = (field, text, ok, got) =>
    checks.push({ text, ok, got, at: scenario.placeOf(['expect', index, field]) });
  const { environment, component } = expectation;
  const who = component === undefined ? environment : `${component} in ${environment}`;
  const releases = facts.releases.filter(
    (release) => release.environment === environment && (component === undefined || release.component === component),
  );
  checkOutcome(expectation, who, facts, releases, tell);
  checkTimes(scenario, expectation, who, facts, releases, tell);
  checkUsers(expectation, who, facts, releases, tell);
  const { notification } = expectation;
  if (notification !== undefined) {
    const found = facts.notifications.some(({ text }) => text.includes(notification));
    tell(
      'notification',
      `a message contains "${notification}"`,
      found,
      found ? 'sent' : `${facts.notifications.length} messages, none of which does`,
    );
  }
  return checks;
}

function checkOutcome(
  { environment, outcome, version, reason, metric }: Expectation,
  who: string,
  facts: Omit<Facts, 'checks' | 'isSettled'>,
  releases: readonly Release[],
  tell: Tell,
): void {
  const place = facts.environments.find((one) => one.environment === environment);
  const last = releases.at(-1);
  if (outcome !== undefined) {
    const got = last?.outcome ?? (place?.sync === 'Synced' ? 'unchanged' : 'not released');
    const ok =
      outcome === 'unchanged'
        ? last === undefined
        : outcome === 'waiting'
          ? place?.sync === 'OutOfSync'
          : got === outcome;
    const why = last?.message ?? place?.message;
    tell('outcome', `${who} is ${outcome}`, ok, why === undefined || ok ? got : `${got}: ${why}`);
  }
  if (version !== undefined) {
    const got = last === undefined ? 'no release' : last.outcome === 'promoted' ? last.to : last.from;
    tell('version', `${who} has ${version} at the end`, got === version, got);
  }
  if (reason !== undefined) {
    const texts = [
      ...releases.map(({ message }) => message ?? ''),
      place?.message ?? '',
      ...facts.timeline.filter((one) => one.environment === environment).map(({ text }) => text),
    ];
    const ok = texts.some((text) => text.includes(reason));
    tell('reason', `the reason is "${reason}"`, ok, texts.find((text) => text !== '') ?? 'none was given');
  }
  if (metric !== undefined) {
    const bad = facts.analyses
      .filter((run) =>
        releases.some((release) => release.environment === run.environment && release.component === run.component),
      )
      .flatMap(({ metrics }) => metrics.filter(({ phase }) => ['Failed', 'Error', 'Inconclusive'].includes(phase)));
    const names = [...new Set(bad.map(({ name }) => name))];
    tell('metric', `metric ${metric} decides`, names.includes(metric), names.join(', ') || 'no metric objected');
  }
}

function checkTimes(
  scenario: Scenario,
  { within, notBefore, maxWeight }: Expectation,
  who: string,
  facts: Omit<Facts, 'checks' | 'isSettled'>,
  releases: readonly Release[],
  tell: Tell,
): void {
  const [first] = releases;
  const last = releases.at(-1);
  if (within !== undefined) {
    const commitMs = facts.timeline.find(({ what }) => what === 'commit')?.atMs ?? scenario.startMs;
    const tookMs = (last?.endMs ?? facts.endMs) - commitMs;
    const text = `${who} is decided within ${Math.round(within / MINUTE_MS)} min`;
    tell('within', text, last?.endMs !== undefined && tookMs <= within, `${Math.round(tookMs / MINUTE_MS)} min`);
  }
  if (notBefore !== undefined) {
    const text = `${who} is not released before ${new Date(notBefore).toISOString()}`;
    tell(
      'notBefore',
      text,
      first === undefined || first.startMs >= notBefore,
      first === undefined ? 'no release' : new Date(first.startMs).toISOString(),
    );
  }
  if (maxWeight !== undefined) {
    const got = Math.max(0, ...releases.map(({ maxWeightPercent }) => maxWeightPercent));
    tell('maxWeight', `${who} sends at most ${maxWeight} % of requests to it`, got <= maxWeight, `${got} %`);
  }
}

function checkUsers(
  { environment, wrongAnswersMax, requestsMax, unansweredMax }: Expectation,
  who: string,
  facts: Omit<Facts, 'checks' | 'isSettled'>,
  releases: readonly Release[],
  tell: Tell,
): void {
  const sum = (read: (release: Release) => number) =>
    Math.ceil(releases.reduce((all, release) => all + read(release), 0) - 1e-6);
  if (wrongAnswersMax !== undefined) {
    const got = sum(({ exposure }) => exposure.wrongAnswers);
    tell(
      'wrongAnswersMax',
      `${who} answers at most ${wrongAnswersMax} requests wrongly`,
      got <= wrongAnswersMax,
      String(got),
    );
  }
  if (requestsMax !== undefined) {
    const got = sum(({ exposure }) => exposure.requests);
    tell(
      'requestsMax',
      `at most ${requestsMax} requests meet the new version of ${who}`,
      got <= requestsMax,
      String(got),
    );
  }
  if (unansweredMax !== undefined) {
    const got = Math.ceil((facts.environments.find((one) => one.environment === environment)?.unanswered ?? 0) - 1e-6);
    tell(
      'unansweredMax',
      `at most ${unansweredMax} requests to ${environment} find nobody`,
      got <= unansweredMax,
      String(got),
    );
  }
}
