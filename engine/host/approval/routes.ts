import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '#api/errors.ts';
import { isRecord } from '#core/json.ts';
import { sendError, sendJson } from '#edges/real/http-api/answers.ts';
import { parseJson, readBody } from '#edges/real/http-api/body.ts';
import type { Requester } from '#edges/real/http-api/guarded-resources.ts';
import type { ApprovalRequest, Approvals } from './approvals.ts';

const PATH = '/pern/v1/approvals';
const BODY_BYTES_MAX = 16 * 1024;
const TEXT_MAX = 500;

/** `POST /pern/v1/approvals`; the approval itself asks who may. False for other paths. */
export function serveApprovals(
  approvals: Approvals,
  request: IncomingMessage,
  response: ServerResponse,
  { pathname }: URL,
  requester: Requester,
  onFault: (error: unknown) => void,
): boolean {
  if (pathname !== PATH || request.method !== 'POST') return false;
  readBody(request, BODY_BYTES_MAX)
    .then((body) => approvals.approve(parseApproval(parseJson(body)), requester))
    .then(
      (outcome) => sendJson(response, 200, outcome),
      (error: unknown) => sendError(response, error, onFault),
    );
  return true;
}

/** Throws ApiError BadRequest that names the field. */
export function parseApproval(body: unknown): ApprovalRequest {
  if (!isRecord(body)) throw new ApiError('BadRequest', 'the body must be a JSON object');
  const application = textOf(body, 'application');
  if (application === undefined) throw new ApiError('BadRequest', 'application: a name is required');
  const [revision, reason] = [textOf(body, 'revision'), textOf(body, 'reason')];
  return {
    application,
    ...(revision === undefined ? {} : { revision }),
    ...(reason === undefined ? {} : { reason }),
    dryRun: body.dryRun === true,
  };
}

function textOf(body: Record<string, unknown>, field: string): string | undefined {
  const value = body[field];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && value.length <= TEXT_MAX) return value;
  throw new ApiError('BadRequest', `${field}: a text of at most ${TEXT_MAX} characters is required`);
}
