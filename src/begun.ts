import type { ILocation } from './nodes';

/**
 * Large files that are remembered at most.
 */
const MOST = 50;

const KEY = 'jupyterlab_zarrbrowser:begun';

/**
 * A large file that the server keeps parts of.
 */
export interface IBegun extends ILocation {
  readonly id: string;
}

/**
 * Remembers over a reload of the page which large files it had begun: the browser forgets the files themselves.
 */
export class Begun {
  constructor(
    private readonly _storage: Pick<Storage, 'getItem' | 'setItem'> | null,
    private readonly _where: string
  ) {}

  get all(): IBegun[] {
    try {
      const found: unknown = JSON.parse(
        this._storage?.getItem(this._key) ?? '[]'
      );
      return Array.isArray(found) ? found.filter(isBegun) : [];
    } catch {
      return [];
    }
  }

  has(id: string): boolean {
    return this.all.some(each => each.id === id);
  }

  add(id: string, { endpoint, key }: ILocation): void {
    this._write([
      ...this.all.filter(each => each.id !== id),
      { id, endpoint, key }
    ]);
  }

  remove(id: string): void {
    const { all } = this;
    const left = all.filter(each => each.id !== id);
    if (left.length < all.length) {
      this._write(left);
    }
  }

  private get _key(): string {
    return `${KEY}:${this._where}`;
  }

  private _write(all: readonly IBegun[]): void {
    try {
      this._storage?.setItem(this._key, JSON.stringify(all.slice(-MOST)));
    } catch {
      // There is no room, or it is not allowed: then nothing is remembered.
    }
  }
}

/**
 * What a tab remembers until it is closed: what other tabs upload is under way, and not for this one to go on with.
 */
export function tabStorage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

function isBegun(value: unknown): value is IBegun {
  const { id, endpoint, key } = (value ?? {}) as Record<string, unknown>;
  return [id, endpoint, key].every(each => typeof each === 'string');
}
