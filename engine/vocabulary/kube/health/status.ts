/** From best to worst, as Argo CD orders them (argo-cd.md §3.10). */
export const HEALTH_ORDER = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'] as const;

export type HealthStatus = (typeof HEALTH_ORDER)[number];

export interface Health {
  status: HealthStatus;
  message?: string;
}

/** True when `candidate` is worse than `than`. */
export function isWorse(candidate: HealthStatus, than: HealthStatus): boolean {
  return HEALTH_ORDER.indexOf(candidate) > HEALTH_ORDER.indexOf(than);
}

/** The worst of several; Healthy when there are none. */
export function worstHealth(statuses: Iterable<HealthStatus>): HealthStatus {
  let worst: HealthStatus = 'Healthy';
  for (const status of statuses) if (isWorse(status, worst)) worst = status;
  return worst;
}

export function health(status: HealthStatus, message?: string): Health {
  return message === undefined || message === '' ? { status } : { status, message };
}

/** A text from a status as a health status; undefined when it is none. */
export function asHealthStatus(text: string | undefined): HealthStatus | undefined {
  return HEALTH_ORDER.find((status) => status === text);
}
