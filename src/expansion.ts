import { ancestorKeys, idOf, locationOf } from './nodes';

/**
 * Which containers are expanded, and which of them are filtered on the server.
 */
export class Expansion {
  /**
   * Ids of what is expanded.
   */
  get ids(): readonly string[] {
    return [...this._expanded];
  }

  /**
   * Ids of what is filtered on the server.
   */
  get prefixIds(): readonly string[] {
    return [...this._prefixes.keys()];
  }

  has(id: string): boolean {
    return this._expanded.has(id);
  }

  /**
   * Whether it was closed on purpose: matches below it stay hidden.
   */
  isShut(id: string): boolean {
    return this._shut.has(id);
  }

  /**
   * Whether a container and all that it lies in are expanded.
   */
  isReachable(id: string): boolean {
    const { endpoint, key } = locationOf(id);
    return [...ancestorKeys(key), key].every(above =>
      this._expanded.has(idOf({ endpoint, key: above }))
    );
  }

  open(id: string): void {
    this._shut.delete(id);
    this._expanded.add(id);
  }

  close(id: string): void {
    this._expanded.delete(id);
    this._shut.add(id);
    this._prefixes.delete(id);
  }

  /**
   * Close everything, and keep these shut.
   */
  closeAll(ids: readonly string[]): void {
    this._expanded.clear();
    this._prefixes.clear();
    this._shut = new Set(ids);
  }

  /**
   * Forget that something was expanded.
   */
  delete(id: string): void {
    this._expanded.delete(id);
  }

  /**
   * Let matches show everywhere.
   */
  unshut(): void {
    this._shut.clear();
  }

  prefix(id: string): string | null {
    return this._prefixes.get(id) ?? null;
  }

  setPrefix(id: string, prefix: string | null): void {
    if (prefix === null) {
      this._prefixes.delete(id);
    } else {
      this._prefixes.set(id, prefix);
    }
  }

  private readonly _expanded = new Set<string>();
  private readonly _prefixes = new Map<string, string>();
  private _shut = new Set<string>();
}
