import { squarify } from '../treemap';

function tiles(weights: number[], width = 600, height = 400) {
  return squarify(
    weights.map(weight => ({ item: weight, weight })),
    width,
    height
  );
}

describe('squarify', () => {
  it('gives the example of the paper', () => {
    const found = tiles([6, 6, 4, 3, 2, 2, 1]).map(({ x, y, width, height }) =>
      [x, y, width, height].map(each => Math.round(each))
    );
    expect(found.slice(0, 4)).toEqual([
      [0, 0, 300, 200],
      [0, 200, 300, 200],
      [300, 0, 171, 233],
      [471, 0, 129, 233]
    ]);
  });

  it('gives areas as the weights, inside, without overlap', () => {
    const weights = Array.from({ length: 60 }, (_, at) => 1e12 / (at + 1) ** 2);
    const total = weights.reduce((sum, each) => sum + each);
    const found = tiles(weights, 1100, 168);
    expect(found).toHaveLength(60);
    for (const { item, x, y, width, height } of found) {
      expect(width * height).toBeCloseTo((item / total) * 1100 * 168, 3);
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(1100.001);
      expect(y + height).toBeLessThanOrEqual(168.001);
    }
    for (const one of found) {
      for (const other of found) {
        const across =
          Math.min(one.x + one.width, other.x + other.width) -
          Math.max(one.x, other.x);
        const down =
          Math.min(one.y + one.height, other.y + other.height) -
          Math.max(one.y, other.y);
        expect(one === other || across < 1e-6 || down < 1e-6).toBe(true);
      }
    }
  });

  it.each([
    ['nothing', [], 600, 400],
    ['no room', [1, 2], 0, 400],
    ['only nothings', [0, 0], 600, 400]
  ])('has no tiles for %s', (_, weights, width, height) => {
    expect(tiles(weights, width, height)).toEqual([]);
  });

  it('bears one giant and many dwarfs', () => {
    const found = tiles([1e15, ...Array.from({ length: 30 }, () => 1)]);
    expect(found).toHaveLength(31);
    expect(found.every(({ width }) => Number.isFinite(width))).toBe(true);
  });
});
