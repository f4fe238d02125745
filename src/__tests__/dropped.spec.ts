import { crc32, crcOfBlob } from '../uploads/crc32';
import { readInput, readTaken, takeTransfer } from '../uploads/dropped';
import { file } from './fakeUploads';

const { signal } = new AbortController();

function fileEntry(name: string, isBroken = false): FileSystemEntry {
  return {
    name,
    isFile: true,
    isDirectory: false,
    file: (resolve: (file: File) => void, reject: (error: Error) => void) =>
      isBroken ? reject(new Error('gone')) : resolve(file(name))
  } as unknown as FileSystemEntry;
}

/**
 * A folder that gives its children some at a time, as browsers do.
 */
function folderEntry(
  name: string,
  children: FileSystemEntry[],
  atATime = 2
): FileSystemEntry {
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      let at = 0;
      return {
        readEntries: (resolve: (some: FileSystemEntry[]) => void) => {
          resolve(children.slice(at, at + atATime));
          at += atATime;
        }
      };
    }
  } as unknown as FileSystemEntry;
}

const read = (entries: FileSystemEntry[], max?: number) =>
  readTaken({ entries, files: [] }, signal, max);

const pathsOf = async (entries: FileSystemEntry[]) =>
  (await read(entries)).files.map(({ path }) => path.join('/'));

describe('what is dropped', () => {
  it('is read whole, in order, hidden files too, and empty folders are left out', async () => {
    const paths = await pathsOf([
      fileEntry('b.nc'),
      folderEntry('a.zarr', [
        fileEntry('.zgroup'),
        folderEntry('air', [
          fileEntry('0.0'),
          fileEntry('0.1'),
          fileEntry('0.2'),
          fileEntry('.zarray'),
          fileEntry('.zattrs')
        ]),
        folderEntry('empty', []),
        fileEntry('.zmetadata')
      ])
    ]);
    expect(paths).toEqual([
      'b.nc',
      'a.zarr/.zgroup',
      'a.zarr/air/0.0',
      'a.zarr/air/0.1',
      'a.zarr/air/0.2',
      'a.zarr/air/.zarray',
      'a.zarr/air/.zattrs',
      'a.zarr/.zmetadata'
    ]);
  });

  it('has a bound, which it tells', async () => {
    const many = folderEntry(
      'many',
      Array.from({ length: 10 }, (_, at) => fileEntry(`f${at}`))
    );
    expect((await read([many], 10)).isTooMany).toBe(false);
    const cut = await read([many], 9);
    expect(cut.isTooMany).toBe(true);
    expect(cut.files).toHaveLength(9);
  });

  it('names what cannot be read', async () => {
    const { unreadable, files } = await read([
      folderEntry('a', [fileEntry('x', true), fileEntry('y')])
    ]);
    expect(unreadable).toEqual(['a/x']);
    expect(files).toHaveLength(1);
  });

  it('is taken in the event, files without an entry included', () => {
    const entry = fileEntry('a');
    const pasted = file('pasted.png');
    const items = [
      { kind: 'string' },
      { kind: 'file', webkitGetAsEntry: () => entry },
      { kind: 'file', webkitGetAsEntry: () => null, getAsFile: () => pasted }
    ];
    expect(takeTransfer({ items } as unknown as DataTransfer)).toEqual({
      entries: [entry],
      files: [pasted]
    });
  });

  it('ends when it is given up', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(
      readTaken({ entries: [], files: [] }, controller.signal)
    ).rejects.toThrow('Aborted');
  });
});

it('reads what was chosen, a folder with the paths in it', () => {
  const inFolder = file('zarr.json');
  Object.defineProperty(inFolder, 'webkitRelativePath', {
    value: 'a.zarr/air/zarr.json'
  });
  const { files } = readInput([file('x.nc'), inFolder]);
  expect(files.map(({ path }) => path)).toEqual([
    ['x.nc'],
    ['a.zarr', 'air', 'zarr.json']
  ]);
});

describe('CRC-32', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  it('is the one of gzip', () => {
    expect(crc32(bytes('123456789'))).toBe(0xcbf43926);
    expect(crc32(bytes(''))).toBe(0);
    expect(crc32(bytes('The quick brown fox jumps over the lazy dog'))).toBe(
      0x414fa339
    );
  });

  it('goes on from what was before', () => {
    const all = bytes('The quick brown fox jumps over the lazy dog');
    for (const cut of [0, 1, 8, 13]) {
      const before = crc32(all.subarray(0, cut));
      expect(crc32(all.subarray(cut), before)).toBe(crc32(all));
    }
  });

  it('of a file is that of its bytes', async () => {
    const large = file('large', 5_000_001);
    const whole = new Uint8Array(await large.arrayBuffer());
    expect(await crcOfBlob(large)).toBe(crc32(whole));
  });
});
