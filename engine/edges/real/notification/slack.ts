import { isRecord } from '#core/json.ts';
import type { DeliveryReceipt, DeliveryRequest, Message } from '#machine/notifications.ts';
import { type Exchange, RefusedRequest } from './exchange.ts';

const API_URL = 'https://slack.com/api/';
/** Slack is asked again when it says so (429) or fails; everything else it says is final. */
const RETRY = { retryMax: 3, waitMinMs: 1000, waitMaxMs: 5000 };

interface SlackAnswer {
  ok: boolean;
  error?: string;
  ts?: string;
  channel?: string;
}

/**
 * Posts a message to Slack's Web API. A `groupingKey` makes messages one conversation: `Post` answers in its thread,
 * `Update` rewrites the first message, `PostAndUpdate` does both. Rejects with what went wrong.
 */
export async function sendSlack(
  exchange: Exchange,
  { service, recipient, thread }: Pick<DeliveryRequest, 'service' | 'recipient' | 'thread'>,
  message: Message,
  cancelled: AbortSignal,
): Promise<DeliveryReceipt> {
  const options = isRecord(service.options) ? service.options : {};
  const fields = fieldsOf(message, options);
  const { groupingKey = '', notifyBroadcast, deliveryPolicy = 'Post' } = message.slack ?? {};
  const root = groupingKey === '' ? undefined : thread;
  let attempts = 0;
  let begun: DeliveryReceipt['thread'];
  const call = async (method: string, form: Readonly<Record<string, string>>) => {
    const { answer, attempts: tries } = await callSlack(exchange, options, method, form, cancelled);
    attempts += tries;
    return answer;
  };
  if (root === undefined || deliveryPolicy !== 'Update') {
    const inThread: Record<string, string> = root === undefined ? {} : { thread_ts: root.timestamp };
    const broadcast: Record<string, string> = notifyBroadcast === true ? { reply_broadcast: 'true' } : {};
    const { ts, channel } = await call('chat.postMessage', {
      channel: recipient,
      ...fields,
      ...inThread,
      ...broadcast,
    });
    if (groupingKey !== '' && ts !== undefined)
      begun = { timestamp: ts, ...(channel === undefined ? {} : { channel }) };
  }
  if (root !== undefined && deliveryPolicy !== 'Post') {
    await call('chat.update', { channel: root.channel ?? recipient, ts: root.timestamp, as_user: 'true', ...fields });
  }
  const continued = root ?? begun;
  return { attempts, ...(continued === undefined ? {} : { thread: continued }) };
}

function fieldsOf(message: Message, options: Readonly<Record<string, unknown>>): Record<string, string> {
  const { slack } = message;
  const own = (name: 'username' | 'icon') => slack?.[name] || (typeof options[name] === 'string' ? options[name] : '');
  const [username, icon] = [own('username'), own('icon')];
  return {
    text: message.message ?? '',
    ...(username === '' ? {} : { username }),
    // A reference that is neither is left out, as upstream does.
    ...(/^:.+:$/.test(icon) ? { icon_emoji: icon } : /^https?:\/\/\S+$/.test(icon) ? { icon_url: icon } : {}),
    ...jsonField('attachments', slack?.attachments),
    ...jsonField('blocks', slack?.blocks),
    ...(options.disableUnfurl === true ? { unfurl_links: 'false', unfurl_media: 'false' } : {}),
  };
}

function jsonField(name: string, text: string | undefined): Record<string, string> {
  if (text === undefined || text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) throw new Error('a JSON list is required');
    return { [name]: JSON.stringify(value) };
  } catch (error) {
    throw new RefusedRequest(`failed to unmarshal ${name} '${text}' : ${(error as Error).message}`);
  }
}

async function callSlack(
  exchange: Exchange,
  options: Readonly<Record<string, unknown>>,
  method: string,
  form: Readonly<Record<string, string>>,
  cancelled: AbortSignal,
): Promise<{ answer: SlackAnswer; attempts: number }> {
  const base = typeof options.apiURL === 'string' && options.apiURL !== '' ? options.apiURL : API_URL;
  const wanted = {
    method: 'POST',
    url: `${base.replace(/\/+$/, '')}/${method}`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Bearer ${typeof options.token === 'string' ? options.token : ''}`,
    },
    body: new URLSearchParams(form).toString(),
    insecure: options.insecureSkipVerify === true,
  };
  const { status, body, attempts } = await exchange.send(wanted, RETRY, cancelled);
  if (status !== 200) throw new Error(`Slack answered ${method} with ${status}`);
  const answer = parseAnswer(body);
  if (answer.ok) return { answer, attempts };
  throw new Error(`Slack refused ${method}: ${answer.error ?? 'no reason given'}`);
}

function parseAnswer(body: string): SlackAnswer {
  try {
    const value: unknown = JSON.parse(body);
    if (isRecord(value) && typeof value.ok === 'boolean') return value as unknown as SlackAnswer;
  } catch {
    // Said below.
  }
  throw new Error('what answered is not Slack: the body is no Slack answer; see apiURL');
}
