/**
 * Milliseconds over which the speed is an average, and between two samples.
 */
const WINDOW_MS = 12_000;
const SAMPLE_MS = 500;

/**
 * Milliseconds before anything is said about the speed.
 */
const LEAST_MS = 1500;

/**
 * Measures how fast bytes go: a moving average, so that it neither jumps nor lags.
 */
export class Meter {
  constructor(private readonly _now: () => number = Date.now) {}

  /**
   * Tell how many bytes have gone in all.
   */
  sample(bytes: number): void {
    const at = this._now();
    const last = this._samples[this._samples.length - 1];
    if (!last || at - last.at >= SAMPLE_MS) {
      this._samples.push({ at, bytes });
    }
    while (this._samples.length > 2 && at - this._samples[1]!.at >= WINDOW_MS) {
      this._samples.shift();
    }
    this._bytes = bytes;
  }

  /**
   * Begin anew, after a pause.
   */
  reset(): void {
    this._samples = [];
  }

  /**
   * Bytes per second; null where nothing can be said yet.
   */
  get speed(): number | null {
    const [first] = this._samples;
    const ms = first ? this._now() - first.at : 0;
    return first && ms >= LEAST_MS
      ? (Math.max(0, this._bytes - first.bytes) * 1000) / ms
      : null;
  }

  private _bytes = 0;
  private _samples: { readonly at: number; readonly bytes: number }[] = [];
}
