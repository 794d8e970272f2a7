/** What the API tells about people; see the RealWorld contract 2.0.0. `bio` and `image` may be null. */
export interface Profile {
  username: string;
  bio: string | null;
  image: string | null;
  following: boolean;
}

/** The signed-in user. */
export interface User {
  email: string;
  token: string;
  username: string;
  bio: string | null;
  image: string | null;
}
