#!/usr/bin/env node
// pg_isready of the postgres image: exit 0 accepting connections, 1 rejecting (starting up), 2 no response, 3 bad usage.
import { connect } from 'node:net';
import { parseArgs } from 'node:util';

const options = {
  host: { type: 'string', short: 'h', default: process.env.PGHOST ?? process.env.POD_IP ?? '127.0.0.1' },
  port: { type: 'string', short: 'p', default: process.env.PGPORT ?? '5432' },
  username: { type: 'string', short: 'U', default: process.env.POSTGRES_USER ?? 'postgres' },
  dbname: { type: 'string', short: 'd', default: 'postgres' },
  timeout: { type: 'string', short: 't', default: '3' },
  quiet: { type: 'boolean', short: 'q', default: false },
};

function finish(code, text) {
  if (!values.quiet) console.log(`${values.host}:${values.port} - ${text}`);
  process.exit(code);
}

let values;
try {
  ({ values } = parseArgs({ options, strict: true }));
} catch (error) {
  console.error(`pg_isready: ${error.message}`);
  process.exit(3);
}
const parameters = Buffer.from(`user\0${values.username}\0database\0${values.dbname}\0\0`);
const hello = Buffer.alloc(8);
hello.writeInt32BE(parameters.length + 8, 0);
hello.writeInt32BE(196608, 4);
const socket = connect({ host: values.host, port: Number(values.port) });
socket.setTimeout(Number(values.timeout) * 1000, () => finish(2, 'no response'));
socket.on('error', () => finish(2, 'no response'));
socket.on('connect', () => socket.write(Buffer.concat([hello, parameters])));
socket.on('data', (answer) => {
  // SQLSTATE 57P03: the server is starting up or shutting down. Any other answer, also a refused login, is an answer.
  const rejecting = answer[0] === 0x45 && answer.includes('C57P03');
  finish(rejecting ? 1 : 0, rejecting ? 'rejecting connections' : 'accepting connections');
});
socket.on('end', () => finish(2, 'no response'));
