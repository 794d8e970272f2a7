import type { World } from '#control/controller.ts';
import type { KindMap } from '#kube/kinds.ts';
import { isDeleting, splitKey } from '#kube/object.ts';
import type { AnalysisRun, AnalysisTemplate } from '../analysis/types.ts';
import type { Experiment } from './types.ts';

export type ReplicaSet = KindMap['ReplicaSet.apps'];
export type Service = KindMap['Service'];

/** Everything an experiment's plan is made from. */
export interface ExperimentObservation {
  experiment: Experiment;
  /** Its own, and those of others under names it may want. */
  replicaSets: readonly ReplicaSet[];
  /** Likewise. */
  services: readonly Service[];
  /** Its own, and those of nobody: their names may be in the way of new ones. */
  runs: readonly AnalysisRun[];
  templates: ReadonlyMap<string, AnalysisTemplate>;
  clusterTemplates: ReadonlyMap<string, AnalysisTemplate>;
}

/** `<experiment>-<template>`: the name of a template's ReplicaSet. */
export function replicaSetName(experiment: Experiment, template: string): string {
  return `${experiment.metadata.name}-${template}`;
}

/** Reads what concerns one experiment. Undefined when it is gone or on its way out. */
export function observeExperiment(key: string, { objects }: World): ExperimentObservation | undefined {
  const { namespace, name } = splitKey(key);
  const experiment = objects.get('Experiment.argoproj.io', namespace, name) as unknown as Experiment | undefined;
  if (experiment === undefined || isDeleting(experiment)) return undefined;
  const { uid } = experiment.metadata;
  const byName = (items: readonly unknown[]) =>
    new Map((items as readonly AnalysisTemplate[]).map((item) => [item.metadata.name, item]));
  const wanted = experiment.spec.templates.map((template) => replicaSetName(experiment, template.name));
  const wantedServices = experiment.spec.templates.map(
    ({ service }, index) => service?.name ?? (wanted[index] as string),
  );
  const together = <T>(own: readonly T[], named: readonly (T | undefined)[]) => [
    ...new Set([...own, ...named.filter((item) => item !== undefined)]),
  ];
  const uncontrolledRuns = objects
    .ownedBy('AnalysisRun.argoproj.io', '')
    .filter((run) => run.metadata.namespace === namespace);
  return {
    experiment,
    replicaSets: together(
      objects.ownedBy('ReplicaSet.apps', uid),
      wanted.map((rs) => objects.get('ReplicaSet.apps', namespace, rs)),
    ),
    services: together(
      objects.ownedBy('Service', uid),
      wantedServices.map((service) => objects.get('Service', namespace, service)),
    ),
    runs: [...objects.ownedBy('AnalysisRun.argoproj.io', uid), ...uncontrolledRuns] as unknown as AnalysisRun[],
    templates: byName(objects.list('AnalysisTemplate.argoproj.io', namespace)),
    clusterTemplates: byName(objects.list('ClusterAnalysisTemplate.argoproj.io')),
  };
}
