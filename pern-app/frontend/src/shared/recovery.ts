/**
 * The last line of defence when a part of the page cannot be loaded, because its release has gone or the network failed:
 * load the page again, which brings the current release. Once only, so that a broken release does not reload for ever.
 */
const KEY = 'reloadedAtMs';
const AGAIN_AFTER_MS = 60_000;

export function mayReload(storage: Pick<Storage, 'getItem' | 'setItem'>, nowMs: number): boolean {
  const last = Number(storage.getItem(KEY) ?? Number.NEGATIVE_INFINITY);
  if (nowMs - last < AGAIN_AFTER_MS) return false;
  storage.setItem(KEY, String(nowMs));
  return true;
}
