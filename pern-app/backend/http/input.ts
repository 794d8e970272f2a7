import * as z from 'zod';
import { type ErrorMessages, HttpError } from '../../operations/errors.ts';

/**
 * Validates something a client sent. A field is named by its own name, without the object that wraps a body.
 *
 * @returns undefined when there is no schema
 * @throws {HttpError} 422 with all messages by field
 */
export function parseInput(schema: z.ZodType | undefined, input: unknown, code: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors: ErrorMessages = {};
  for (const issue of result.error.issues) {
    const field = fieldOf(issue.path, code);
    errors[field] = [...(errors[field] ?? []), issue.path.length === 0 ? 'must be a JSON object' : issue.message];
  }
  throw new HttpError(422, code, errors);
}

function fieldOf(path: readonly PropertyKey[], code: string): string {
  const names = path.filter((part) => typeof part === 'string');
  return (code === 'invalid_body' ? (names[1] ?? names[0]) : names[0]) ?? 'body';
}

/** PostgreSQL cannot store the character NUL, and lone surrogates are no text at all. */
const isStorable = (value: string) => !value.includes('\0') && value.isWellFormed();

const anyText = (lengthMax: number) =>
  z
    .string({ error: (issue) => (issue.input === undefined ? "can't be blank" : 'must be text') })
    .trim()
    .max(lengthMax, `is too long (at most ${lengthMax} characters)`)
    .refine(isStorable, 'must not contain the character NUL or broken Unicode');

/** Text that says something, with the spaces around it removed. */
export const text = (lengthMax: number) => anyText(lengthMax).min(1, "can't be blank");

/** Text that may be taken away: the empty text and null mean the same. */
export const nullableText = (lengthMax: number) =>
  anyText(lengthMax)
    .nullable()
    .transform((value) => (value === '' ? null : value));

/** A body is wrapped in an object that is named after the resource. */
export const wrapped = <Name extends string, Schema extends z.ZodType>(name: Name, schema: Schema) =>
  z.object({ [name]: schema } as Record<Name, Schema>);

/** The object inside; unknown fields are dropped, because clients send back what they were given. */
export const resource = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.object(shape, { error: (issue) => (issue.input === undefined ? "can't be blank" : 'must be an object') });

/** A whole number in decimal digits, as a query or a path carries it. */
export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string(message)
    .regex(/^\d{1,16}$/, message)
    .transform(Number)
    .pipe(z.number().min(min, message).max(max, message))
    .meta({ wire: { type: 'integer', minimum: min, maximum: max } });
}

/** The part of a list that is wanted. */
export const page = {
  limit: wholeNumber(1, 100).default(20),
  offset: wholeNumber(0, 1_000_000).default(0),
};
export interface Page {
  limit: number;
  offset: number;
}

/** One value of a query; the same name twice arrives as a list and is refused. */
export const queryText = (lengthMax: number) =>
  z.string('must be given once').max(lengthMax, 'is too long').refine(isStorable, 'is no valid text');

/** A part of a path. What is too long to be a name of ours simply does not exist, but it is no reason to ask the database. */
export const pathText = z.string().max(300, 'is too long').refine(isStorable, 'is no valid text');
