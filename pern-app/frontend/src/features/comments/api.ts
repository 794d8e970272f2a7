import type { Profile } from '../../shared/contract.ts';
import { type ApiClient, fieldOf } from '../../shared/http.ts';

export interface Comment {
  id: number;
  createdAt: string;
  updatedAt: string;
  body: string;
  author: Profile;
}

const pathOf = (slug: string) => `/articles/${encodeURIComponent(slug)}/comments`;

export async function readComments(api: ApiClient, slug: string, signal: AbortSignal): Promise<Comment[]> {
  return fieldOf(await api.request('GET', pathOf(slug), { signal }), 'comments');
}

export async function writeComment(api: ApiClient, slug: string, body: string): Promise<Comment> {
  return fieldOf(await api.request('POST', pathOf(slug), { body: { comment: { body } } }), 'comment');
}

export async function removeComment(api: ApiClient, slug: string, id: number): Promise<void> {
  await api.request('DELETE', `${pathOf(slug)}/${id}`);
}
