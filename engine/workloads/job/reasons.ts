/** Conditions and events of Jobs, as the job controller words them. */
export const BACKOFF_LIMIT_EXCEEDED = 'BackoffLimitExceeded';
export const DEADLINE_EXCEEDED = 'DeadlineExceeded';
export const COMPLETIONS_REACHED = 'CompletionsReached';
export const JOB_SUSPENDED = 'JobSuspended';
export const JOB_RESUMED = 'JobResumed';
export const UNSUPPORTED_FIELD = 'UnsupportedField';

export const SUCCESSFUL_CREATE = 'SuccessfulCreate';
export const SUCCESSFUL_DELETE = 'SuccessfulDelete';

/** A pod that the API does not take: quota, Pod Security, limits. */
export const REFUSED = { reason: 'FailedCreate', prefix: 'Error creating: ' };
export const COMPLETED = 'Completed';
export const SUSPENDED = 'Suspended';
export const RESUMED = 'Resumed';

export const BACKOFF_MESSAGE = 'Job has reached the specified backoff limit';
export const DEADLINE_MESSAGE = 'Job was active longer than specified deadline';
export const COMPLETIONS_MESSAGE = 'Reached expected number of succeeded pods';

export const createdPods = (count: number, prefix: string) =>
  count === 1 ? `Created pod: ${prefix}*` : `Created ${count} pods: ${prefix}*`;
export const deletedPod = (name: string) => `Deleted pod: ${name}`;
export const unsupported = (field: string, value: string) =>
  `${field}: ${value} is not supported by this engine; remove the field`;
