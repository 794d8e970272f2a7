import { formatAge } from '../../engine/vocabulary/core/duration.ts';
import type { AnalysisRunView } from './analysis-model.ts';
import { analysesLines, latestAnalysisLines, measurementCounts } from './analysis-text.ts';
import { analysisSpan, KIND_ICONS, stateSpan } from './icons.ts';
import {
  type Cell,
  indented,
  type Line,
  labelled,
  plain,
  span,
  type TreeNode,
  table,
  titledTable,
  treeRows,
} from './lines.ts';
import type { ExperimentView, PodView, ReplicaSetView, RevisionView, RolloutView, StepView } from './rollout-model.ts';

/**
 * `pern rollout get`: summary, steps, the tree of revisions, and the analyses of the newest revision. When that takes
 * more than `rowsMax` lines, only the steps around the current one, the revisions that run and the analyses that matter now are shown.
 */
export function rolloutLines(view: RolloutView, nowMs: number, rowsMax = Number.POSITIVE_INFINITY): Line[] {
  const lines = allLines(view, nowMs, stepLines(view.steps), analysesLines(view.revisions[0]?.analysisRuns ?? []));
  if (lines.length <= rowsMax) return lines;
  const runs = view.revisions[0]?.analysisRuns ?? [];
  return allLines({ ...view, revisions: revisionsInUse(view) }, nowMs, stepsAround(view), latestAnalysisLines(runs));
}

/** The newest revision and those that still run, without the analyses that were good. */
function revisionsInUse({ revisions }: RolloutView): RevisionView[] {
  return revisions
    .filter(({ replicaSets }, index) => index === 0 || replicaSets.some(({ status }) => status !== 'ScaledDown'))
    .map((revision) => ({
      ...revision,
      analysisRuns: revision.analysisRuns.filter(({ phase }) => phase !== 'Successful'),
    }));
}

function allLines(view: RolloutView, nowMs: number, steps: readonly Line[], analyses: readonly Line[]): Line[] {
  return [
    ...summaryLines(view),
    ...section('Steps', steps),
    [],
    ...treeLines(view, nowMs),
    ...section(`Analysis of revision ${view.revisions[0]?.number}`, analyses),
  ];
}

const STEPS_AROUND = 2;

function stepsAround({ steps, stepIndex }: RolloutView): Line[] {
  const first = Math.max(0, stepIndex - STEPS_AROUND);
  const shown = stepLines(steps).slice(first, stepIndex + STEPS_AROUND + 1);
  const left = steps.length - first - shown.length;
  return [
    ...(first === 0 ? [] : [[span(`… ${first} before`, 'dim')]]),
    ...shown,
    ...(left === 0 ? [] : [[span(`… ${left} more`, 'dim')]]),
  ];
}

/** One line of progress, for logs: `◌ Progressing  step 3/18 analysis: latency  weight 5`. */
export function rolloutProgressLine(view: RolloutView): Line {
  const step = view.steps[view.stepIndex];
  const verdict = view.revisions[0]?.analysisRuns.find(({ phase }) =>
    ['Failed', 'Error', 'Inconclusive'].includes(phase),
  );
  return [
    stateSpan(view.phase),
    span(step === undefined ? '' : `  step ${view.stepIndex + 1}/${view.steps.length} ${step.label}`),
    span(`  weight ${view.actualWeightPercent}`),
    span(view.message === '' ? '' : `  ${view.message}`, 'dim'),
    span(verdict === undefined ? '' : `  ${verdict.name}: ${verdict.phase}`, 'bad'),
  ];
}

function section(title: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [[], [span(`${title}:`)], ...indented(lines)];
}

function summaryLines(view: RolloutView): Line[] {
  const { replicas } = view;
  const images = imageRows(view.images);
  const canary: (readonly [string, Cell])[] =
    view.strategy === 'BlueGreen'
      ? []
      : [
          ['  Step', `${view.stepIndex}/${view.steps.length}`],
          ['  SetWeight', String(view.setWeightPercent)],
          ['  ActualWeight', String(view.actualWeightPercent)],
        ];
  return labelled([
    ['Name', view.name],
    ['Namespace', view.namespace],
    ['Status', stateSpan(view.phase)],
    ...(view.message === '' ? [] : [['Message', view.message] as const]),
    ['Strategy', view.strategy],
    ...canary,
    ...images,
    ['Replicas', ''],
    ['  Desired', String(replicas.desired)],
    ['  Current', String(replicas.current)],
    ['  Updated', String(replicas.updated)],
    ['  Ready', String(replicas.ready)],
    ['  Available', String(replicas.available)],
  ]);
}

function imageRows(images: RolloutView['images']): (readonly [string, string])[] {
  return images.map(({ image, tags }, index) => {
    const suffix = tags.length === 0 ? '' : ` (${tags.join(', ')})`;
    return [index === 0 ? 'Images' : '', `${image}${suffix}`] as const;
  });
}

/** `pern rollout get experiment`: summary, tree, and its analyses with values beside thresholds. */
export function experimentLines(view: ExperimentView, nowMs: number): Line[] {
  const summary = labelled([
    ['Name', view.name],
    ['Namespace', view.namespace],
    ['Status', analysisSpan(view.phase)],
    ...(view.message === '' ? [] : [['Message', view.message] as const]),
    ...imageRows(view.images),
  ]);
  const tree = titledTable(TREE_TITLES, treeRows([experimentNode(view, nowMs)]), 2);
  return [...summary, [], ...tree, ...section('Analysis', analysesLines(view.analysisRuns))];
}

/** `pern rollout list experiments`. */
export function experimentListLines(views: readonly ExperimentView[], nowMs: number): Line[] {
  const rows = views.map((view): Cell[] => [
    view.namespace,
    view.name,
    analysisSpan(view.phase),
    formatAge(nowMs - view.createdMs),
    String(view.replicaSets.length),
  ]);
  return titledTable(['NAMESPACE', 'NAME', 'STATUS', 'AGE', 'REPLICASETS'], rows);
}

const TREE_TITLES = ['NAME', 'KIND', 'STATUS', 'AGE', 'INFO'];

function stepLines(steps: readonly StepView[]): Line[] {
  const rows = steps.map(({ label, state, remark }, index): Cell[] => {
    const marker = state === 'done' ? span('✔', 'ok') : state === 'current' ? span('▶', 'busy') : span(' ');
    return [marker, String(index + 1), span(label, state === 'todo' ? 'dim' : undefined), span(remark ?? '', 'busy')];
  });
  return table(rows, 2);
}

function treeLines(view: RolloutView, nowMs: number): Line[] {
  const root: TreeNode = {
    cells: [
      `${KIND_ICONS.Rollout} ${view.name}`,
      'Rollout',
      stateSpan(view.phase),
      formatAge(nowMs - view.createdMs),
      '',
    ],
    children: view.revisions.map((revision) => revisionNode(revision, nowMs)),
  };
  return titledTable(TREE_TITLES, treeRows([root]), 2);
}

function analysisNode(run: AnalysisRunView, nowMs: number): TreeNode {
  const counts = measurementCounts(run);
  const scope = run.scope === '' ? [] : [span(counts.length === 0 ? run.scope : `${run.scope} `)];
  return {
    cells: [
      `${KIND_ICONS.AnalysisRun} ${run.name}`,
      'AnalysisRun',
      analysisSpan(run.phase),
      formatAge(nowMs - run.createdMs),
      [...scope, ...counts],
    ],
    children: run.jobs.map(({ name, phase, createdMs }) => ({
      cells: [`${KIND_ICONS.Job} ${name}`, 'Job', analysisSpan(phase), formatAge(nowMs - createdMs), ''],
      children: [],
    })),
  };
}

function experimentNode(experiment: ExperimentView, nowMs: number): TreeNode {
  return {
    cells: [
      `${KIND_ICONS.Experiment} ${experiment.name}`,
      'Experiment',
      analysisSpan(experiment.phase),
      formatAge(nowMs - experiment.createdMs),
      '',
    ],
    children: [
      ...experiment.replicaSets.map((set) => replicaSetNode(set, nowMs)),
      ...experiment.analysisRuns.map((run) => analysisNode(run, nowMs)),
    ],
  };
}

function revisionNode(revision: RevisionView, nowMs: number): TreeNode {
  return {
    cells: [`# revision:${revision.number}`, '', '', '', ''],
    children: [
      ...revision.replicaSets.map((set) => replicaSetNode(set, nowMs)),
      ...revision.experiments.map((experiment) => experimentNode(experiment, nowMs)),
      ...revision.analysisRuns.map((run) => analysisNode(run, nowMs)),
    ],
  };
}

function replicaSetNode(set: ReplicaSetView, nowMs: number): TreeNode {
  const delay =
    set.scaleDownMs === undefined
      ? []
      : [`delay:${set.scaleDownMs > nowMs ? formatAge(set.scaleDownMs - nowMs) : 'passed'}`];
  return {
    cells: [
      `${KIND_ICONS.ReplicaSet} ${set.name}`,
      'ReplicaSet',
      stateSpan(set.status),
      formatAge(nowMs - set.createdMs),
      [...set.roles, ...delay].join(','),
    ],
    children: set.pods.map((pod) => podNode(pod, nowMs)),
  };
}

export function podNode(pod: PodView, nowMs: number): TreeNode {
  const restarts = pod.restarts === 0 ? '' : `,restarts:${pod.restarts}`;
  return {
    cells: [
      `${KIND_ICONS.Pod} ${pod.name}`,
      'Pod',
      stateSpan(pod.status),
      formatAge(nowMs - pod.createdMs),
      `ready:${pod.ready[0]}/${pod.ready[1]}${restarts}`,
    ],
    children: [],
  };
}

/** `pern rollout list`. */
export function rolloutListLines(views: readonly RolloutView[]): Line[] {
  const rows = views.map((view): Cell[] => [
    view.namespace,
    view.name,
    view.strategy,
    stateSpan(view.phase),
    view.steps.length === 0 ? '-' : `${view.stepIndex}/${view.steps.length}`,
    view.steps.length === 0 ? '-' : String(view.setWeightPercent),
    `${view.replicas.ready}/${view.replicas.current}`,
    String(view.replicas.desired),
    String(view.replicas.updated),
    String(view.replicas.available),
  ]);
  const titles = [
    'NAMESPACE',
    'NAME',
    'STRATEGY',
    'STATUS',
    'STEP',
    'SET-WEIGHT',
    'READY',
    'DESIRED',
    'UP-TO-DATE',
    'AVAILABLE',
  ];
  return titledTable(titles, rows);
}

/** `Paused - CanaryPauseStep`: one line of `pern rollout status`. */
export function phaseLine({ phase, message }: { phase: string; message: string }): Line {
  return message === '' ? [stateSpan(phase)] : [stateSpan(phase), ...plain(` - ${message}`)];
}
