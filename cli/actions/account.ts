import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { type AccountRow, accountLines } from '../view/account-text.ts';
import { labelled, span } from '../view/lines.ts';

interface UserInfo {
  username: string;
  iss: string;
  groups: readonly string[];
}

export async function runAccountList({ session, options, terminal }: Invocation): Promise<ExitCode> {
  const api = await session.api();
  const { items } = (await api.json({ method: 'GET', path: '/pern/v1/accounts' })) as { items: AccountRow[] };
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(items, undefined, 2)}\n`);
  else terminal.lines(accountLines(items));
  terminal.note('Next: pern account generate-token --account NAME');
  return EXIT_CODES.ok;
}

export async function runUserInfo({ session, options, terminal }: Invocation): Promise<ExitCode> {
  const info = await userInfo({ session });
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(info, undefined, 2)}\n`);
  else {
    const groups = info.groups.join(', ') || '<none>';
    terminal.lines(
      labelled(
        [
          ['Username', info.username],
          ['Issuer', info.iss],
          ['Groups', groups],
        ],
        10,
      ),
    );
  }
  terminal.note('Next: pern account can-i ACTION RESOURCE OBJECT');
  return EXIT_CODES.ok;
}

async function userInfo({ session }: Pick<Invocation, 'session'>): Promise<UserInfo> {
  return (await (await session.api()).json({ method: 'GET', path: '/pern/v1/session' })) as UserInfo;
}

export async function runCanI({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const [action = '', resource = '', object = ''] = words;
  const api = await session.api();
  const body = JSON.stringify({ action, resource, object });
  const decision = (await api.json({
    method: 'POST',
    path: '/pern/v1/can-i',
    contentType: 'application/json',
    body,
  })) as {
    allowed: boolean;
    because: string;
  };
  const { allowed, because } = decision;
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(decision, undefined, 2)}\n`);
  else terminal.line([span(allowed ? 'yes' : 'no', allowed ? 'ok' : 'bad'), span(`: ${because}`)]);
  return allowed ? EXIT_CODES.ok : EXIT_CODES.finding;
}

export async function runGenerateToken(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal } = invocation;
  const account = options.text('account') ?? (await userInfo(invocation)).username;
  const path = `/pern/v1/accounts/${encodeURIComponent(account)}/tokens`;
  const id = options.text('id');
  const body = JSON.stringify({
    expiresIn: wholeSeconds(options.durationMs('expires-in') ?? 0),
    ...(id === undefined ? {} : { id }),
  });
  const made = (await (await session.api()).json({ method: 'POST', path, contentType: 'application/json', body })) as {
    token: string;
    id: string;
  };
  terminal.line(made.token);
  terminal.note(`Token ${made.id} of account ${account}. Next: PERN_AUTH_TOKEN=... pern account get-user-info`);
  return EXIT_CODES.ok;
}

export async function runDeleteToken(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const account = options.text('account') ?? (await userInfo(invocation)).username;
  const id = words[0] ?? '';
  const path = `/pern/v1/accounts/${encodeURIComponent(account)}/tokens/${encodeURIComponent(id)}`;
  await (await session.api()).json({ method: 'DELETE', path });
  terminal.line(`token ${id} of account ${account} deleted`);
  terminal.note('Next: pern account list');
  return EXIT_CODES.ok;
}

/** Tokens count in whole seconds; a part of one must not turn into "never". Throws CliError. */
export function wholeSeconds(durationMs: number): number {
  if (durationMs > 0 && durationMs < 1000) throw new CliError({ what: '--expires-in is less than a second' });
  return Math.floor(durationMs / 1000);
}
