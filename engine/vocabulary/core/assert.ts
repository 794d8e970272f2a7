/** A programmer error: something that must hold did not. Never thrown for bad input. */
export class AssertionError extends Error {
  override name = 'AssertionError';
}

/** States what must hold at this point of the code. Use typed errors for bad input and failed operations. */
export function assert(condition: unknown, mustHold: string): asserts condition {
  if (!condition) throw new AssertionError(`must hold: ${mustHold}`);
}

/** For the default branch of a switch over a closed union. */
export function unreachable(value: never): never {
  throw new AssertionError(`no case for ${JSON.stringify(value)}`);
}
