/**
 * Lets a few tasks run at a time; the others wait in line.
 */
export class Limiter {
  constructor(private readonly _places: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this._running >= this._places) {
      await new Promise<void>(resolve => this._line.push(resolve));
    } else {
      this._running++;
    }
    try {
      return await task();
    } finally {
      const next = this._line.shift();
      if (next) {
        // Hands its place on.
        next();
      } else {
        this._running--;
      }
    }
  }

  private _running = 0;
  private _line: (() => void)[] = [];
}
