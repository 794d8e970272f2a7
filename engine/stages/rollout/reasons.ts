/** Reasons and message texts of conditions and events, as Argo Rollouts writes them (rollouts §2.3, §2.4). */

export const REASON = {
  aborted: 'RolloutAborted',
  available: 'AvailableReason',
  completed: 'RolloutCompleted',
  foundNewRs: 'FoundNewReplicaSet',
  healthy: 'RolloutHealthy',
  invalidSpec: 'InvalidSpec',
  newRs: 'NewReplicaSetCreated',
  newRsAvailable: 'NewReplicaSetAvailable',
  notCompleted: 'RolloutNotCompleted',
  paused: 'RolloutPaused',
  resumed: 'RolloutResumed',
  retry: 'RolloutRetry',
  rsNotAvailable: 'ReplicaSetNotAvailable',
  rsUpdated: 'ReplicaSetUpdated',
  scaling: 'ScalingReplicaSet',
  skipSteps: 'SkipSteps',
  stepCompleted: 'RolloutStepCompleted',
  switchService: 'SwitchService',
  timedOut: 'ProgressDeadlineExceeded',
  trafficRoutingError: 'TrafficRoutingError',
  updated: 'RolloutUpdated',
  weightUpdated: 'TrafficWeightUpdated',
  addedToInformer: 'RolloutAddedToInformer',
  experimentCreated: 'ExperimentCreated',
  creatingIngress: 'CreatingCanaryIngress',
  patchingIngress: 'PatchingCanaryIngress',
} as const;

export const MESSAGE = {
  available: 'Rollout has minimum availability',
  notAvailable: 'Rollout does not have minimum availability',
  healthy: 'Rollout is healthy',
  notHealthy: 'Rollout is not healthy',
  paused: 'Rollout is paused',
  resumed: 'Rollout is resumed',
  retry: 'Retrying Rollout after abort',
  aborted: (revision: number, cause: string | undefined) =>
    `Rollout aborted update to revision ${revision}${cause === undefined || cause === '' ? '' : `: ${cause}`}`,
  rsProgressing: (rs: string) => `ReplicaSet "${rs}" is progressing.`,
  rolloutProgressing: (rollout: string) => `Rollout "${rollout}" is progressing.`,
  rsCompleted: (rs: string) => `ReplicaSet "${rs}" has successfully progressed.`,
  rsTimedOut: (rs: string) => `ReplicaSet "${rs}" has timed out progressing.`,
  rolloutTimedOut: (rollout: string) => `Rollout "${rollout}" has timed out progressing.`,
  rsCreated: (rs: string) => `Created new replica set "${rs}"`,
  rsCreatedEvent: (rs: string, revision: number) => `Created ReplicaSet ${rs} (revision ${revision})`,
  rsFound: (rs: string) => `Found new replica set "${rs}"`,
  updated: (revision: number) => `Rollout updated to revision ${revision}`,
  completed: (revision: number, hash: string, why: string) =>
    `Rollout completed update to revision ${revision} (${hash}): ${why}`,
  notCompleted: (revision: number, hash: string) =>
    `Rollout not completed, started update to revision ${revision} (${hash})`,
  scaled: (direction: 'up' | 'down', rs: string, revision: number, from: number, to: number) =>
    `Scaled ${direction} ReplicaSet ${rs} (revision ${revision}) from ${from} to ${to}`,
  stepCompleted: (done: number, total: number, step: string) => `Rollout step ${done}/${total} completed (${step})`,
  switchService: (service: string, from: string, to: string) =>
    `Switched selector for service '${service}' from '${from}' to '${to}'`,
  runStatus: (type: string, run: string, status: string, previous: string) =>
    `${type} Analysis Run '${run}' Status New: '${status}' Previous: '${previous}'`,
  experimentCreated: (experiment: string) => `Created Experiment '${experiment}'`,
  invalid: (rollout: string, error: string) => `The Rollout "${rollout}" is invalid: ${error}`,
};

export const PAUSE = {
  blueGreen: 'BlueGreenPause',
  canaryStep: 'CanaryPauseStep',
  inconclusive: 'InconclusiveAnalysisRun',
  inconclusiveExperiment: 'InconclusiveExperiment',
} as const;
