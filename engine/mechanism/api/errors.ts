import { type ResourceKind, resourceName } from '#kube/kinds.ts';

export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired'
  | 'UnsupportedMediaType'
  | 'Invalid'
  | 'RequestEntityTooLarge'
  | 'TooManyRequests'
  | 'InternalError';

const CODES: Readonly<Record<StatusReason, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  UnsupportedMediaType: 415,
  Invalid: 422,
  RequestEntityTooLarge: 413,
  TooManyRequests: 429,
  InternalError: 500,
};

export interface StatusCause {
  reason: string;
  message: string;
  field: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  causes?: StatusCause[];
}

/** A refused request, as a Kubernetes `Status` (kubernetes-api.md §6). */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly reason: StatusReason;
  readonly details: StatusDetails | undefined;

  constructor(reason: StatusReason, message: string, details?: StatusDetails) {
    super(message);
    this.reason = reason;
    this.details = details;
  }

  get code(): number {
    return CODES[this.reason];
  }

  toStatus(): Record<string, unknown> {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

export function notFound(kind: ResourceKind, name: string): ApiError {
  return new ApiError('NotFound', `${resourceName(kind)} "${name}" not found`, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
  });
}

export function alreadyExists(kind: ResourceKind, name: string): ApiError {
  return new ApiError('AlreadyExists', `${resourceName(kind)} "${name}" already exists`, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
  });
}

export function conflict(kind: ResourceKind, name: string, why: string): ApiError {
  return new ApiError('Conflict', `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
  });
}

/** 422 with one cause a field; the message joins them as kube-apiserver does. */
export function invalid(kind: ResourceKind, name: string, causes: readonly StatusCause[]): ApiError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const detail = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new ApiError('Invalid', `${qualified} "${name}" is invalid: ${detail}`, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.kind,
    causes: [...causes],
  });
}
