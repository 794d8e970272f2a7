import { expect, it } from 'vitest';
import { isSilent } from './loopback-network.ts';

const SOCKETS = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0200107F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 1 1 0000000000000000 100 0 0 10 0
   1: 0100157F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0000000000000000 100 0 0 10 0
   2: 0200187F:A000 0300187F:1538 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0000000000000000 100 0 0 10 0
`;

it.each([
  [16, false, 'a pod of an engine that was killed listens in it'],
  [18, true, 'nobody is in it'],
  [20, false, 'a service address of the pair is taken'],
  [24, true, 'only a connection, which ends by itself'],
])('127.%i is free for a new state: %s, because %s', (octet, expected) => {
  expect(isSilent(SOCKETS)(octet)).toBe(expected);
});
