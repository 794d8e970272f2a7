import type { Profile } from '../../shared/contract.ts';
import { type ApiClient, fieldOf } from '../../shared/http.ts';

const pathOf = (username: string) => `/profiles/${encodeURIComponent(username)}`;

export async function readProfile(api: ApiClient, username: string, signal: AbortSignal): Promise<Profile> {
  return fieldOf(await api.request('GET', pathOf(username), { signal }), 'profile');
}

/** Follows somebody, or not any more. */
export async function follow(api: ApiClient, username: string, following: boolean): Promise<Profile> {
  const answer = await api.request(following ? 'POST' : 'DELETE', `${pathOf(username)}/follow`, { keepalive: true });
  return fieldOf(answer, 'profile');
}
