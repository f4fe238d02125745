import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

const roots: string[] = [];

/**
 * A folder of the computer with these files in it.
 */
export function onDisk(
  name: string,
  files: { readonly [path: string]: string | Buffer }
): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'zb-upload-'));
  roots.push(root);
  for (const [file, content] of Object.entries(files)) {
    const full = path.join(root, name, file);
    fs.mkdirSync(path.dirname(full), { recursive: true });
    fs.writeFileSync(full, content);
  }
  return path.join(root, name);
}

/**
 * Remove what `onDisk` made.
 */
export function clearDisk(): void {
  for (const root of roots.splice(0)) {
    fs.rmSync(root, { recursive: true, force: true });
  }
}
