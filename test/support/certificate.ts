import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The PEM files of a certificate for `localhost`, which signs itself. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Makes a certificate in a folder. Resolves to null where `openssl` is not on the PATH. */
export async function makeCertificate(folder: string): Promise<Certificate | null> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = await promisify(execFile)('openssl', [
    ...'req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost'.split(' '),
    ...'-addext subjectAltName=DNS:localhost'.split(' '),
    '-keyout',
    key,
    '-out',
    cert,
  ]).catch(() => null)
  return made && { key, cert }
}
