/**
 * CRC-32 as zip and gzip have it (https://www.rfc-editor.org/rfc/rfc1952#section-8).
 */

/**
 * Bytes that are taken in one step: a table for each, so that a step is look-ups alone.
 */
const STEP = 8;

/**
 * Bytes of a file that are in memory at a time.
 */
const PIECE_BYTES = 4 * 1024 * 1024;

let tables: readonly Uint32Array[] | null = null;

function makeTables(): readonly Uint32Array[] {
  const made = Array.from({ length: STEP }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) {
      value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    }
    made[0]![byte] = value;
  }
  for (let table = 1; table < STEP; table++) {
    for (let byte = 0; byte < 256; byte++) {
      const value = made[table - 1]![byte]!;
      made[table]![byte] = (value >>> 8) ^ made[0]![value & 0xff]!;
    }
  }
  return made;
}

/**
 * Of all bytes so far, as an unsigned number, from that of those before.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = (tables ??=
    makeTables()) as readonly [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array
  ];
  let value = ~before;
  let at = 0;
  const end = bytes.length - (bytes.length % STEP);
  for (; at < end; at += STEP) {
    value ^=
      bytes[at]! |
      (bytes[at + 1]! << 8) |
      (bytes[at + 2]! << 16) |
      (bytes[at + 3]! << 24);
    value =
      t7[value & 0xff]! ^
      t6[(value >>> 8) & 0xff]! ^
      t5[(value >>> 16) & 0xff]! ^
      t4[value >>> 24]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) {
    value = (value >>> 8) ^ t0[(value ^ bytes[at]!) & 0xff]!;
  }
  return ~value >>> 0;
}

/**
 * Of a file or a part of it, of which only a piece is in memory at a time.
 *
 * @throws DOMException where the file cannot be read any more: it was moved, deleted or changed.
 */
export async function crcOfBlob(blob: Blob): Promise<number> {
  let value = 0;
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    const piece = await blob.slice(at, at + PIECE_BYTES).arrayBuffer();
    value = crc32(new Uint8Array(piece), value);
  }
  return value;
}
