import { execFileSync } from 'child_process';
import { createHash } from 'crypto';
import * as path from 'path';

/**
 * What lies below a prefix of a bucket, by its key: the SHA-256 of each object, as the store itself gives it.
 */
export function inBucket(
  bucket: string,
  prefix: string
): { [key: string]: string } {
  return ask('list', bucket, prefix) as { [key: string]: string };
}

/**
 * Keys of uploads that were begun below a prefix and not ended.
 */
export function unfinishedIn(bucket: string, prefix: string): string[] {
  return ask('uploads', bucket, prefix) as string[];
}

/**
 * Take an empty bucket away.
 */
export function removeBucket(bucket: string): void {
  ask('remove', bucket);
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function ask(...args: string[]): unknown {
  const script = path.resolve(__dirname, '..', 'bucket.py');
  const python = process.env.ZB_PYTHON || 'python';
  return JSON.parse(
    execFileSync(python, [script, ...args], { encoding: 'utf-8' })
  );
}
