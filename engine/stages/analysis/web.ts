import { canonicalJson, isRecord } from '#core/json.ts';
import { findJsonPath, JsonPathError, parseJsonPath } from '#lib/jsonpath/index.ts';
import type { WebRequest } from '#machine/questions.ts';
import { AnalysisError } from './arguments.ts';
import type { WebProvider } from './types.ts';

const TIMEOUT_DEFAULT_SECONDS = 10;
const METHODS = ['GET', 'POST', 'PUT'] as const;

/** The request a web metric stands for (rollouts §3.11). Throws AnalysisError with upstream's text for one that cannot be sent. */
export function webRequest(provider: WebProvider): WebRequest {
  parsedPath(provider);
  const method = METHODS.find((name) => name === (provider.method || 'GET'));
  if (method === undefined) throw new AnalysisError(`web method "${provider.method}" is not one of GET, POST, PUT`);
  const body = bodyOf(provider, method);
  const url = checkedUrl(provider.url ?? '', method);
  const { timeoutSeconds = 0, headers = [], insecure } = provider;
  const sent = provider.jsonBody === undefined ? headers : withJsonType(headers);
  const oauth2 = oauth2Of(provider.authentication);
  return {
    method,
    url,
    timeoutMs: (timeoutSeconds > 0 ? timeoutSeconds : TIMEOUT_DEFAULT_SECONDS) * 1000,
    ...(sent.length === 0 ? {} : { headers: sent }),
    ...(body === undefined ? {} : { body }),
    ...(insecure ? { insecure } : {}),
    ...(oauth2 === undefined ? {} : { oauth2 }),
  };
}

function bodyOf({ body = '', jsonBody }: WebProvider, method: string): string | undefined {
  if (body !== '' && jsonBody !== undefined) {
    throw new AnalysisError('use either Body or JSONBody; both cannot exists for WebMetric payload');
  }
  if (body === '' && jsonBody === undefined) return undefined;
  if (method === 'GET') {
    throw new AnalysisError('Body/JSONBody can only be used with POST or PUT WebMetric Method types');
  }
  return jsonBody === undefined ? body : JSON.stringify(jsonBody);
}

function withJsonType(headers: NonNullable<WebProvider['headers']>) {
  const others = headers.filter(({ key }) => key.toLowerCase() !== 'content-type');
  return [...others, { key: 'Content-Type', value: 'application/json' }];
}

/** The address, if a request can be sent to it; the words are those of Go's client. */
function checkedUrl(url: string, method: string): string {
  const verb = `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return url;
  throw new AnalysisError(`${verb} "${url}": unsupported protocol scheme "${parsed?.protocol.slice(0, -1) ?? ''}"`);
}

function oauth2Of(authentication: unknown): WebRequest['oauth2'] {
  if (!isRecord(authentication)) return undefined;
  if (isRecord(authentication.sigv4) && Object.keys(authentication.sigv4).length > 0) {
    throw new AnalysisError('web authentication "sigv4" is not reproduced by this engine');
  }
  const settings = isRecord(authentication.oauth2) ? authentication.oauth2 : {};
  const {
    tokenUrl = '',
    clientId = '',
    clientSecret = '',
    scopes = [],
  } = settings as Record<string, string> & {
    scopes?: string[];
  };
  if (tokenUrl === '') return undefined;
  if (clientId === '' || clientSecret === '') {
    throw new AnalysisError('missing mandatory parameter in metric for OAuth2 setup');
  }
  return { tokenUrl, clientId, clientSecret, scopes };
}

function parsedPath({ jsonPath }: WebProvider): string {
  const template = jsonPath || '{$}';
  try {
    parseJsonPath(template);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new AnalysisError(error.message);
  }
  return template;
}

/** What an answer says. A body that is no JSON is taken as a success without its conditions, as Argo Rollouts 1.9.1 does. */
export type WebReading = { kind: 'value'; result: unknown; text: string } | { kind: 'text'; text: string };

/** Reads an answer: the first value that the JSONPath finds. Throws AnalysisError with upstream's text. */
export function webReading(provider: WebProvider, { status, body }: { status: number; body: string }): WebReading {
  if (status < 200 || status >= 300) throw new AnalysisError(`received non 2xx response code: ${status}`);
  const data = parseJson(body);
  if (data === undefined) return { kind: 'text', text: body };
  const [found] = findFirst(parsedPath(provider), data.value);
  if (found === undefined) throw new AnalysisError('result of web metric produced no value');
  return { kind: 'value', result: found.value, text: goJson(found.value) };
}

function parseJson(body: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) as unknown };
  } catch {
    return undefined;
  }
}

function findFirst(template: string, data: unknown): { value: unknown }[] {
  try {
    return findJsonPath(template, data)
      .flat()
      .slice(0, 1)
      .map((value) => ({ value }));
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new AnalysisError(`Could not find JSONPath in body: ${error.message}`);
  }
}

/** JSON as Go's encoder writes it: members sorted, and what HTML could read as markup escaped. */
function goJson(value: unknown): string {
  return canonicalJson(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
