import { randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';

/** The application did not take a new user. */
export class SignUpFailed extends Error {
  override readonly name = 'SignUpFailed';
  readonly status: number;
  /** `X-App-Version` of the answer; empty when it had none. */
  readonly version: string;

  constructor(status: number, version: string, body: string) {
    super(`POST /api/users answered ${status}: ${body}`);
    this.status = status;
    this.version = version;
  }
}

/**
 * Registers a user with a name of its own.
 *
 * @param host the Host header
 * @returns the token for the Authorization header, to be sent behind the word `Token`
 * @throws {SignUpFailed} when the answer is not 201
 */
export async function signUp(dispatcher: Pick<Dispatcher, 'request'>, host: string, origin?: string): Promise<string> {
  const username = `load-${randomUUID().slice(0, 13)}`;
  const user = { username, email: `${username}@example.com`, password: randomUUID() };
  const answer = await dispatcher.request({
    ...(origin === undefined ? {} : { origin }),
    method: 'POST',
    path: '/api/users',
    headers: { host, 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  } as Dispatcher.RequestOptions);
  const text = await answer.body.text();
  const version = answer.headers['x-app-version'];
  if (answer.statusCode !== 201)
    throw new SignUpFailed(answer.statusCode, typeof version === 'string' ? version : '', text);
  return (JSON.parse(text) as { user: { token: string } }).user.token;
}
