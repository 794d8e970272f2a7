import type { ProjectDestination, ProjectSpec } from './permissions.ts';
import { validateWindows } from './window-validation.ts';

/**
 * What is wrong with a project's sources, destinations and windows, in the words of Argo CD (argo-cd.md §1.6); empty when
 * nothing is. Roles and policies are looked at elsewhere.
 */
export function validateProject(spec: ProjectSpec): string[] {
  const destinations = spec.destinations ?? [];
  const sources = spec.sourceRepos ?? [];
  return [
    ...destinations.flatMap(invalidDestination),
    ...sources.filter((source) => source === '!*').map(() => "source repository has an invalid format, '!*'"),
    ...repeated(destinations.map(({ server = '', name = '', namespace = '' }) => `${server || name}/${namespace}`)).map(
      (text) => `destination '${text}' already added`,
    ),
    ...repeated(sources).map((source) => `source repository '${source}' already added`),
    ...validateWindows(spec),
  ];
}

function invalidDestination(destination: ProjectDestination): string[] {
  return (['name', 'server', 'namespace'] as const)
    .filter((field) => destination[field] === '!*')
    .map((field) => `${field} has an invalid format, '!*'`);
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
