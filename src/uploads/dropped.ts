/**
 * Files in one drop. More are better moved by a program that was made for it.
 */
export const FILES_MAX = 200_000;

/**
 * Entries whose files are asked for at a time: each question is a way to another process of the browser and back.
 */
const AT_A_TIME = 64;

/**
 * A file, and where it lay in what was dropped: the names of the folders around it, then its own.
 */
export interface IDroppedFile {
  readonly path: readonly string[];
  readonly file: File;
}

/**
 * What somebody dropped, pasted or chose.
 */
export interface IDropped {
  readonly files: readonly IDroppedFile[];
  /**
   * Whether there are more than can be taken at once; nothing should be uploaded then.
   */
  readonly isTooMany: boolean;
  /**
   * Names of what could not be read.
   */
  readonly unreadable: readonly string[];
}

/**
 * What a drop holds, taken in the event itself: later the browser lets nobody look into it.
 */
export interface ITaken {
  readonly entries: readonly FileSystemEntry[];
  /**
   * Those for which the browser has no entry.
   */
  readonly files: readonly File[];
}

/**
 * Take hold of what was dropped or pasted. To be called in the event.
 */
export function takeTransfer(transfer: DataTransfer): ITaken {
  const entries: FileSystemEntry[] = [];
  const files: File[] = [];
  for (const item of Array.from(transfer.items)) {
    if (item.kind !== 'file') {
      continue;
    }
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile();
    if (entry) {
      entries.push(entry);
    } else if (file) {
      files.push(file);
    }
  }
  return { entries, files };
}

/**
 * All files of a drop, whole folders with what lies in them, in the order in which they were given. Folders without a
 * file are left out: stores have none.
 */
export async function readTaken(
  taken: ITaken,
  signal: AbortSignal,
  max = FILES_MAX
): Promise<IDropped> {
  const files: IDroppedFile[] = [];
  const unreadable: string[] = [];
  const isFull = () => files.length > max || signal.aborted;

  const visit = async (
    entries: readonly FileSystemEntry[],
    above: readonly string[]
  ): Promise<void> => {
    for (let at = 0; at < entries.length && !isFull();) {
      const entry = entries[at]!;
      if (!isFile(entry)) {
        const path = [...above, entry.name];
        try {
          await visit(
            await childrenOf(entry as FileSystemDirectoryEntry),
            path
          );
        } catch {
          unreadable.push(path.join('/'));
        }
        at++;
        continue;
      }
      const some: FileSystemFileEntry[] = [];
      for (
        let next = entries[at];
        next && isFile(next) && some.length < AT_A_TIME;
        next = entries[at]
      ) {
        some.push(next);
        at++;
      }
      const read = await Promise.allSettled(some.map(fileOf));
      read.forEach((result, index) => {
        const path = [...above, some[index]!.name];
        if (result.status === 'fulfilled') {
          files.push({ path, file: result.value });
        } else {
          unreadable.push(path.join('/'));
        }
      });
    }
  };

  await visit(taken.entries, []);
  files.push(...taken.files.map(file => ({ path: [file.name], file })));
  if (signal.aborted) {
    throw new DOMException('Aborted', 'AbortError');
  }
  return {
    files: files.slice(0, max),
    isTooMany: files.length > max,
    unreadable
  };
}

/**
 * What was chosen in a dialog of the browser, of files or of a folder.
 */
export function readInput(chosen: Iterable<File>, max = FILES_MAX): IDropped {
  const files = Array.from(chosen, file => ({
    // Empty where single files were chosen.
    path: file.webkitRelativePath
      ? file.webkitRelativePath.split('/')
      : [file.name],
    file
  }));
  return {
    files: files.slice(0, max),
    isTooMany: files.length > max,
    unreadable: []
  };
}

/**
 * A reader gives some at a time, and none once there are no more.
 */
async function childrenOf(
  folder: FileSystemDirectoryEntry
): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (some.length === 0) {
      return children;
    }
    children.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
