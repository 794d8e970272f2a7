import * as z from 'zod';
import { pathText } from '../../http/input.ts';
import { defineRoute, type Route } from '../../http/route.ts';
import { profile } from './profile.ts';
import type { ProfileService } from './service.ts';

const params = z.object({ username: pathText });
const success = { status: 200, body: z.object({ profile }) } as const;

export function profileRoutes(service: ProfileService): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/profiles/:username',
      operation: 'GetProfileByUsername',
      summary: 'A user as others see them',
      viewer: 'optional',
      params,
      success,
      failures: [401, 404, 422],
      handle: async ({ params, viewer }) => ({ profile: await service.find(params.username, viewer?.id) }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/profiles/:username/follow',
      operation: 'FollowUserByUsername',
      summary: 'Follow a user',
      viewer: 'required',
      params,
      success,
      failures: [401, 404, 422],
      handle: async ({ params, viewer }) => ({ profile: await service.follow(params.username, viewer.id) }),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/profiles/:username/follow',
      operation: 'UnfollowUserByUsername',
      summary: 'Follow a user no longer',
      viewer: 'required',
      params,
      success,
      failures: [401, 404, 422],
      handle: async ({ params, viewer }) => ({ profile: await service.unfollow(params.username, viewer.id) }),
    }),
  ];
}
