import { idOf } from './nodes';
import type { ILocation } from './nodes';
import type { Answer } from './uploads/uploads';
import type { UsageModel } from './usage';
import type { IJob, IJobRequest, IfExists } from './wire';

/**
 * Where a copy goes.
 */
export function targetOf(copy: IJobRequest): ILocation {
  return { endpoint: copy.toEndpoint ?? copy.endpoint, key: copy.toKey ?? '' };
}

/**
 * Copies that wait until what lies where they go is deleted: chunks of two versions of a store must not mix.
 */
export class Replacing {
  constructor(private readonly _usage: Pick<UsageModel, 'start'>) {}

  /**
   * Begin to delete what lies there.
   *
   * @param objects Those that the user agreed to: where there are more by then, nothing is deleted.
   * @throws ApiError where the server refuses.
   */
  async start(copy: IJobRequest, objects: number): Promise<void> {
    const target = targetOf(copy);
    const id = idOf(target);
    this._waiting.set(id, copy);
    try {
      await this._usage.start({
        kind: 'delete',
        ...target,
        maxObjects: objects
      });
    } catch (error) {
      this._waiting.delete(id);
      throw error;
    }
  }

  /**
   * Copy, where a job that has ended has made room for it. Returns whether it did.
   *
   * @throws ApiError where the server refuses.
   */
  async goOn(job: IJob): Promise<boolean> {
    const id = idOf(job);
    const copy = job.kind === 'delete' ? this._waiting.get(id) : undefined;
    if (!copy) {
      return false;
    }
    this._waiting.delete(id);
    if (job.state !== 'done') {
      return false;
    }
    // What has come there meanwhile is asked about again.
    await this._usage.start({ ...copy, ifExists: 'fail' });
    return true;
  }

  private readonly _waiting = new Map<string, IJobRequest>();
}

/**
 * Whether one address is another, or lies below it or above it: then deleting one takes the other.
 */
export function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/**
 * What a copy does about what lies where it goes; null where nothing is to be copied.
 */
export function ifExistsOf(isTaken: boolean, answer: Answer): IfExists | null {
  if (!isTaken) {
    return 'fail';
  }
  switch (answer) {
    case 'replace':
      return 'replace';
    case 'keep':
      return 'rename';
    default:
      return null;
  }
}
