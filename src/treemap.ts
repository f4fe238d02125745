/**
 * A tile of a treemap: in pixels from the upper left corner.
 */
export interface ITile<T> {
  readonly item: T;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Fill a rectangle with tiles whose areas are as the weights, as square as can be (Bruls, Huizing, van Wijk 2000).
 *
 * @param items - With weights above 0, heaviest first.
 */
export function squarify<T>(
  items: readonly { readonly item: T; readonly weight: number }[],
  width: number,
  height: number
): ITile<T>[] {
  const total = items.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0) || width <= 0 || height <= 0) {
    return [];
  }
  const scale = (width * height) / total;
  const tiles: ITile<T>[] = [];
  let free = { x: 0, y: 0, width, height };
  for (let start = 0; start < items.length;) {
    // Rounding may leave nothing for the last ones.
    const side = Math.max(1e-6, Math.min(free.width, free.height));
    let end = start;
    let area = 0;
    let worst = Infinity;
    const most = items[start]!.weight * scale;
    while (end < items.length) {
      const least = items[end]!.weight * scale;
      const grown = area + least;
      const ratio = Math.max(
        (side * side * most) / (grown * grown),
        (grown * grown) / (side * side * least)
      );
      if (ratio > worst) {
        break;
      }
      area = grown;
      worst = ratio;
      end++;
    }
    const isUpright = free.width >= free.height;
    const depth = area / side;
    let along = 0;
    for (const { item, weight } of items.slice(start, end)) {
      const length = (weight * scale) / depth;
      tiles.push(
        isUpright
          ? { item, x: free.x, y: free.y + along, width: depth, height: length }
          : { item, x: free.x + along, y: free.y, width: length, height: depth }
      );
      along += length;
    }
    free = isUpright
      ? {
          ...free,
          x: free.x + depth,
          width: Math.max(0, free.width - depth)
        }
      : {
          ...free,
          y: free.y + depth,
          height: Math.max(0, free.height - depth)
        };
    start = end;
  }
  return tiles;
}
