import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { installReflectMetadata } from './reflect-metadata.ts';

/** What the server presents and what clients trust, as PEM text. */
export interface ServerCertificate {
  ca: string;
  cert: string;
  key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const VALID_MS = 365 * 24 * 3600 * 1000;
/** A certificate is replaced when less than this is left of it. */
const RENEW_MS = 7 * 24 * 3600 * 1000;

/**
 * The certificate kept in `path` (JSON, mode 0600), or a new one when there is none, it does not parse or it is about to
 * expire. Signed by an authority of its own that is thrown away after signing: nobody can sign a second one.
 */
export async function ensureServerCertificate(path: string, nowMs: number): Promise<ServerCertificate> {
  const kept = readCertificate(path);
  if (kept !== undefined && isUsable(kept, nowMs)) return kept;
  const made = await makeCertificate(nowMs);
  writePrivate(path, `${JSON.stringify(made, null, 2)}\n`);
  return made;
}

/** A secret of 32 random bytes in hex, made at the first start and kept in `path` (mode 0600). */
export function ensureToken(path: string): string {
  const kept = readText(path)?.trim();
  if (kept !== undefined && /^[0-9a-f]{64}$/.test(kept)) return kept;
  const token = randomBytes(32).toString('hex');
  writePrivate(path, `${token}\n`);
  return token;
}

/** Writes a file that only its owner may read, in one step: a reader sees the old content or the new one. */
export function writePrivate(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(fresh, text, { mode: 0o600, flag: 'wx' });
  renameSync(fresh, path);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readCertificate(path: string): ServerCertificate | undefined {
  try {
    const value = JSON.parse(readText(path) ?? 'null') as Partial<ServerCertificate> | null;
    const isText = (part: unknown): part is string => typeof part === 'string';
    if (value === null || !isText(value.ca) || !isText(value.cert) || !isText(value.key)) return undefined;
    return { ca: value.ca, cert: value.cert, key: value.key };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isUsable(certificate: ServerCertificate, nowMs: number): boolean {
  try {
    const { validFrom, validTo } = new X509Certificate(certificate.cert);
    return Date.parse(validFrom) <= nowMs && Date.parse(validTo) - nowMs > RENEW_MS;
  } catch {
    return false;
  }
}

async function makeCertificate(nowMs: number): Promise<ServerCertificate> {
  installReflectMetadata();
  // Loaded here and not above: it is needed once a year, and loading it takes longer than the server's start.
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as unknown as Crypto);
  const validity = { notBefore: new Date(nowMs - 3600_000), notAfter: new Date(nowMs + VALID_MS) };
  // Node's keys are the DOM's keys under another type.
  const generate = async () =>
    (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as unknown as CryptoKeyPair;
  const [authorityKeys, serverKeys] = await Promise.all([generate(), generate()]);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serialNumber(),
    name: 'CN=pern-gitops engine authority',
    keys: authorityKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const server = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: serialNumber(),
    subject: 'CN=pern-gitops engine',
    issuer: authority.subject,
    signingKey: authorityKeys.privateKey,
    publicKey: serverKeys.publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey as webcrypto.CryptoKey);
  return {
    ca: authority.toString('pem'),
    cert: server.toString('pem'),
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
  };
}

/** Positive, as certificate serial numbers must be. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x01;
  return bytes.toString('hex');
}
