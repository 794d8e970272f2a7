import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeEnvelope, ProtobufError } from './protobuf.ts';

/** Writes length-delimited fields, the one wire form these bodies are made of besides numbers. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

function integer(number: number, value: number): Buffer {
  return Buffer.from([number << 3, value]);
}

function envelope(apiVersion: string, kind: string, ...parts: Buffer[]): Buffer {
  const typeMeta = Buffer.concat([field(1, apiVersion), field(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, typeMeta), field(2, Buffer.concat(parts))]);
}

it('kubernetes-api/7.3 decodes metadata, maps and bytes, and drops what Go writes empty', () => {
  const metadata = Buffer.concat([
    field(1, 'c'),
    field(3, ''),
    field(5, ''),
    field(8, ''),
    field(11, Buffer.concat([field(1, 'app'), field(2, 'web')])),
  ]);
  expect(
    decodeEnvelope(
      envelope('v1', 'ConfigMap', field(1, metadata), field(2, Buffer.concat([field(1, 'k'), field(2, 'v')]))),
    ),
  ).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', labels: { app: 'web' } },
    data: { k: 'v' },
  });
  const entry = Buffer.concat([field(1, 'p'), field(2, Buffer.from([0, 255]))]);
  expect(decodeEnvelope(envelope('v1', 'Secret', field(2, entry)))).toMatchObject({ data: { p: 'AP8=' } });
});

it('kubernetes-api/7.3 keeps a zero behind a pointer, opens inlined structs, reads IntOrString', () => {
  const spec = integer(1, 0);
  expect(decodeEnvelope(envelope('apps/v1', 'Deployment', field(2, spec)))).toMatchObject({ spec: { replicas: 0 } });
  const volume = Buffer.concat([field(1, 'tmp'), field(2, field(2, ''))]);
  expect(decodeEnvelope(envelope('v1', 'Pod', field(2, field(1, volume))))).toMatchObject({
    spec: { volumes: [{ name: 'tmp', emptyDir: {} }] },
  });
  const port = Buffer.concat([
    field(2, 'TCP'),
    integer(3, 80),
    field(4, Buffer.concat([integer(1, 1), field(3, 'http')])),
  ]);
  expect(decodeEnvelope(envelope('v1', 'Service', field(2, field(1, port))))).toMatchObject({
    spec: { ports: [{ protocol: 'TCP', port: 80, targetPort: 'http' }] },
  });
});

it('kubernetes-api/7.3 refuses unknown kinds and bytes without the envelope', () => {
  expect(() => decodeEnvelope(envelope('example.com/v1', 'Widget'))).toThrow(ProtobufError);
  expect(() => decodeEnvelope(Buffer.from('{}'))).toThrow(ProtobufError);
});

it('never fails in any other way, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const body = envelope('v1', 'Pod', Buffer.from(bytes.subarray(0, 100)));
      try {
        decodeEnvelope(body);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtobufError);
      }
    }),
  );
});
