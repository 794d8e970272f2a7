import * as z from 'zod';

/** What everybody may know about a user. `following` is about whoever asks. */
export const profile = z
  .object({
    username: z.string(),
    bio: z.string().nullable(),
    image: z.string().nullable(),
    following: z.boolean(),
  })
  .meta({ id: 'Profile' });

export type Profile = z.infer<typeof profile>;
