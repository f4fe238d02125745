/**
 * Seconds that a request should take at most: proxies give up those that take a minute, and what is in a request counts
 * only once it is answered.
 */
const TARGET_S = 8;

/**
 * Times that a request is larger than the last one at most: what was measured of few does not hold for many.
 */
const GROWTH = 2;

export interface IPaceOptions {
  readonly first: number;
  readonly least: number;
  readonly most: number;
}

/**
 * How much goes into a request, so that it takes a few seconds: little at first, then by what was measured.
 */
export class Pace {
  constructor(private readonly _options: IPaceOptions) {
    this._now = _options.first;
  }

  get now(): number {
    return this._now;
  }

  /**
   * Tell that a request was answered.
   */
  took(amount: number, seconds: number): void {
    // What was small for another reason says nothing about how much there may be.
    if (amount * 2 >= this._now) {
      this._set(
        Math.min(
          amount * GROWTH,
          (amount * TARGET_S) / Math.max(0.001, seconds)
        )
      );
    }
  }

  /**
   * Tell that a request failed as a whole, which may be because it took too long.
   */
  failed(amount: number): void {
    if (amount * 2 >= this._now) {
      this._set(amount / 2);
    }
  }

  private _set(amount: number): void {
    const { least, most } = this._options;
    this._now = Math.round(Math.min(most, Math.max(least, amount)));
  }

  private _now: number;
}
