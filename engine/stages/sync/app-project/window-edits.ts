import type { SyncWindow } from './sync-window.ts';
import { validateWindows, windowProblem } from './window-validation.ts';

/** A change of windows that Argo CD refuses. */
export class WindowEditError extends Error {
  override name = 'WindowEditError';
}

type Windows = readonly SyncWindow[];

/** As `argocd proj windows add`. Throws WindowEditError. */
export function addWindow(windows: Windows, window: SyncWindow): Windows {
  if (!window.kind || !window.schedule || !window.duration) {
    throw new WindowEditError(
      'cannot create window: require kind, schedule, duration and one or more of applications, namespaces and clusters',
    );
  }
  return checked([...windows, window], windows.length);
}

export type WindowUpdate = Pick<
  SyncWindow,
  'schedule' | 'duration' | 'applications' | 'namespaces' | 'clusters' | 'timeZone' | 'description'
>;

/** As `argocd proj windows update`: what is left out stays, but the time zone, which upstream sets back to UTC. */
export function updateWindow(windows: Windows, id: number, update: WindowUpdate): Windows {
  const { timeZone = 'UTC', ...rest } = update;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined && value.length > 0);
  if (given.length === 0) {
    throw new WindowEditError(
      'cannot update: require one or more of schedule, duration, application, namespace, cluster or description',
    );
  }
  return replaced(windows, id, (window) => ({ ...window, ...Object.fromEntries(given), timeZone }));
}

export function deleteWindow(windows: Windows, id: number): Windows {
  existing(windows, id);
  return windows.filter((_, index) => index !== id);
}

/** Turns `manualSync` or `syncOverrun` on or off. */
export function switchWindow(
  windows: Windows,
  id: number,
  field: 'manualSync' | 'syncOverrun',
  isOn: boolean,
): Windows {
  return replaced(windows, id, ({ [field]: _before, ...window }) => (isOn ? { ...window, [field]: true } : window));
}

function replaced(windows: Windows, id: number, change: (window: SyncWindow) => SyncWindow): Windows {
  existing(windows, id);
  return checked(
    windows.map((window, index) => (index === id ? change(window) : window)),
    id,
  );
}

function existing(windows: Windows, id: number): void {
  if (windows[id] === undefined) throw new WindowEditError(`window with id '${id}' not found`);
}

/** What was wrong before is not this change's fault. */
function checked(windows: Windows, changed: number): Windows {
  const own = windowProblem(windows[changed] as SyncWindow);
  if (own !== undefined) throw new WindowEditError(own);
  const problem = validateWindows({ syncWindows: windows }).find((text) => text.includes('duplicate detected'));
  if (problem !== undefined) throw new WindowEditError(problem);
  return windows;
}
