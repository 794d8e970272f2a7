import { formatAge } from '../../engine/vocabulary/core/duration.ts';
import { analysesLines, measurementCounts } from './analysis-text.ts';
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
import type { PodView, ReplicaSetView, RevisionView, RolloutView, StepView } from './rollout-model.ts';

/** `pern rollout get`: summary, steps, the tree of revisions, and the analyses of the newest revision. */
export function rolloutLines(view: RolloutView, nowMs: number): Line[] {
  const newest = view.revisions[0];
  const runs = newest?.analysisRuns ?? [];
  return [
    ...summaryLines(view),
    ...section('Steps', stepLines(view.steps)),
    [],
    ...treeLines(view, nowMs),
    ...section(`Analysis of revision ${newest?.number}`, analysesLines(runs)),
  ];
}

function section(title: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [[], [span(`${title}:`)], ...indented(lines)];
}

function summaryLines(view: RolloutView): Line[] {
  const { replicas } = view;
  const images = view.images.map(({ image, tags }, index) => {
    const suffix = tags.length === 0 ? '' : ` (${tags.join(', ')})`;
    return [index === 0 ? 'Images' : '', `${image}${suffix}`] as const;
  });
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
  return titledTable(['NAME', 'KIND', 'STATUS', 'AGE', 'INFO'], treeRows([root]), 2);
}

function revisionNode(revision: RevisionView, nowMs: number): TreeNode {
  const runs = revision.analysisRuns.map(
    (run): TreeNode => ({
      cells: [
        `${KIND_ICONS.AnalysisRun} ${run.name}`,
        'AnalysisRun',
        analysisSpan(run.phase),
        formatAge(nowMs - run.createdMs),
        [span(`${run.scope} `), ...measurementCounts(run)],
      ],
      children: [],
    }),
  );
  return {
    cells: [`# revision:${revision.number}`, '', '', '', ''],
    children: [...revision.replicaSets.map((set) => replicaSetNode(set, nowMs)), ...runs],
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
