import * as z from 'zod';
import { nullableText, resource, text, wrapped } from '../../http/input.ts';
import { defineRoute, type Route } from '../../http/route.ts';
import type { UserService } from './service.ts';

const user = z
  .object({
    email: z.string(),
    token: z.string(),
    username: z.string(),
    bio: z.string().nullable(),
    image: z.string().nullable(),
  })
  .meta({ id: 'User' });

const email = text(254).regex(/^[^\s@]+@[^\s@]+$/, 'is invalid');
const username = text(50).regex(/^\P{C}*$/u, 'must not contain control characters');
/** Not trimmed: spaces belong to a password. The upper limit keeps the cost of hashing a request bounded. */
const password = z
  .string({ error: (issue) => (issue.input === undefined ? "can't be blank" : 'must be text') })
  .min(1, "can't be blank")
  .max(128, 'is too long (at most 128 characters)');
const newPassword = password.min(8, 'is too short (at least 8 characters)');

const success = { status: 200, body: z.object({ user }) } as const;

export function userRoutes(service: UserService): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/api/users',
      operation: 'CreateUser',
      summary: 'Register',
      viewer: 'none',
      body: wrapped('user', resource({ username, email, password: newPassword })),
      success: { ...success, status: 201 },
      failures: [409, 422],
      handle: async ({ body, clientAddress }) => ({ user: await service.register(body.user, clientAddress) }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/users/login',
      operation: 'Login',
      summary: 'Log in',
      viewer: 'none',
      body: wrapped('user', resource({ email: text(254), password })),
      success,
      failures: [401, 422],
      handle: async ({ body, clientAddress }) => ({ user: await service.login(body.user, clientAddress) }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/user',
      operation: 'GetCurrentUser',
      summary: 'Whoever asks',
      viewer: 'required',
      success,
      failures: [401, 422],
      handle: async ({ viewer }) => ({ user: await service.find(viewer.id) }),
    }),
    defineRoute({
      method: 'put',
      path: '/api/user',
      operation: 'UpdateCurrentUser',
      summary: 'Change what is given, keep the rest',
      viewer: 'required',
      body: wrapped(
        'user',
        resource({
          email: email.optional(),
          username: username.optional(),
          password: newPassword.optional(),
          bio: nullableText(2000).optional(),
          image: nullableText(2000).optional(),
        }),
      ),
      success,
      failures: [401, 409, 422],
      handle: async ({ body, viewer }) => ({ user: await service.update(viewer.id, body.user) }),
    }),
  ];
}
