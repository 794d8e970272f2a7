import type { FieldPath } from '../../check/model/source.ts';
import type { Reader } from '../../engine/mechanism/store/store.ts';
import type { Problem } from '../scenario/shape.ts';
import { didYouMean } from '../scenario/shape.ts';
import type { Scenario } from '../scenario/types.ts';
import type { Environment } from '../world/map.ts';

/** Names of the scenario that the tree does not have, and expectations that its steps make impossible. */
export function unknownNames(scenario: Scenario, environments: readonly Environment[], objects: Reader): Problem[] {
  const problems: Problem[] = [];
  const among = (path: FieldPath, what: string, name: string, known: readonly string[]): boolean => {
    if (known.includes(name)) return true;
    const fix = didYouMean(name, known) ?? `there ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ') || 'none'}`;
    problems.push({ at: scenario.placeOf(path), message: `there is no ${what} "${name}"`, fix });
    return false;
  };
  const names = environments.map(({ name }) => name);
  const componentsOf = (environment: string | undefined) =>
    environments
      .filter(({ name }) => environment === undefined || name === environment)
      .flatMap(({ components }) => components.map(({ name }) => name));
  const inEnvironment = (path: FieldPath, value: { environment?: string; component?: string } | undefined) => {
    if (value?.environment === undefined) return;
    if (!among([...path, 'environment'], 'environment', value.environment, names)) return;
    if (value.component !== undefined)
      among([...path, 'component'], 'component', value.component, [...new Set(componentsOf(value.environment))]);
  };
  const all = [...new Set(componentsOf(undefined))];
  for (const component of Object.keys(scenario.images)) {
    const images = environments.flatMap(({ components }) => components.map(({ image }) => image));
    if (!images.includes(component)) among(['images', component], 'component or image', component, all);
  }
  for (const environment of Object.keys(scenario.traffic)) {
    if (environment !== '*') among(['traffic', environment], 'environment', environment, names);
  }
  scenario.events.forEach((event, index) => {
    const path = ['events', index];
    for (const key of ['when', 'commit', 'approve', 'refuse', 'promote', 'abort'] as const) {
      inEnvironment([...path, key], event[key] as { environment?: string; component?: string } | undefined);
    }
    inEnvironment([...path, 'fault', 'pod'], event.fault?.pod);
    for (const component of Object.keys(event.commit?.images ?? {})) {
      const known = [...new Set(componentsOf(event.commit?.environment))];
      if (known.length > 0) among([...path, 'commit', 'images', component], 'component', component, known);
    }
  });
  const metrics = metricNames(objects);
  scenario.expect.forEach((expectation, index) => {
    const path = ['expect', index];
    inEnvironment(path, expectation);
    if (expectation.metric !== undefined) among([...path, 'metric'], 'metric', expectation.metric, metrics);
  });
  return problems;
}

function metricNames(objects: Reader): string[] {
  const templates = [
    ...objects.list('AnalysisTemplate.argoproj.io'),
    ...objects.list('ClusterAnalysisTemplate.argoproj.io'),
  ];
  return [...new Set(templates.flatMap(({ spec }) => (spec?.metrics ?? []).map(({ name }) => name)))].sort();
}
