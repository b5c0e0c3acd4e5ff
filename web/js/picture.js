/* Pictures on canvases: a moment of a video, a face cut out, JPEG. */
import { shrink, squareAround } from './layout.js';

/** @typedef {import('./api.js').Box} Box */

/** @param {HTMLCanvasElement} canvas */
export function context2d(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
}

/**
 * A canvas over the whole of an element, empty, in the element's pixels.
 * @param {HTMLCanvasElement} canvas @param {HTMLElement} root
 */
export function cleared(canvas, root) {
  const dpr = Math.min(2, devicePixelRatio);
  const { clientWidth: width, clientHeight: height } = root;
  const g = context2d(canvas);
  if (canvas.width !== Math.round(width * dpr) || canvas.height !== Math.round(height * dpr)) {
    canvas.width = Math.round(width * dpr);
    canvas.height = Math.round(height * dpr);
  }
  g.setTransform(dpr, 0, 0, dpr, 0, 0);
  g.clearRect(0, 0, width, height);
  return { g, width, height };
}

/**
 * What a source shows, its longer side at most `most`.
 * @param {CanvasImageSource} source @param {number} width @param {number} height @param {number} most
 * @param {HTMLCanvasElement} [into] used again
 */
export function drawn(source, width, height, most, into = document.createElement('canvas')) {
  Object.assign(into, shrink(width, height, most));
  context2d(into).drawImage(source, 0, 0, into.width, into.height);
  return into;
}

/** @param {HTMLCanvasElement} canvas @param {number} [quality] @returns {Promise<Blob>} */
export function jpeg(canvas, quality = 0.85) {
  return new Promise((done, failed) => {
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error('no picture'))), 'image/jpeg', quality);
  });
}

/**
 * The face and a little around it, as a square.
 * @param {HTMLCanvasElement} canvas @param {Box} box @param {number} side of the result @param {number} [room]
 */
export function cut(canvas, box, side, room = 1.5) {
  const from = squareAround(box, canvas.width, canvas.height, room);
  const chip = document.createElement('canvas');
  chip.width = chip.height = side;
  const g = context2d(chip);
  g.imageSmoothingQuality = 'high';
  g.drawImage(canvas, from.x, from.y, from.side, from.side, 0, 0, side, side);
  return chip;
}

/** A picture file, upright as its EXIF says. Null: this browser cannot show it. @param {Blob} blob @param {number} [most] */
export async function opened(blob, most = 1600) {
  try {
    const bitmap = await createImageBitmap(blob);
    const canvas = drawn(bitmap, bitmap.width, bitmap.height, most);
    const { width, height } = bitmap;
    bitmap.close();
    return { canvas, width, height };
  } catch {
    return null;
  }
}

/** A face's five points on its chip. @param {HTMLCanvasElement} canvas the whole picture @param {number} k canvas pixels per picture pixel
 * @param {import('./api.js').Face} face @param {number} side */
export function cutWithPoints(canvas, k, face, side) {
  const box = /** @type {Box} */ (face.box.map((v) => v * k));
  const from = squareAround(box, canvas.width, canvas.height);
  const chip = cut(canvas, box, side);
  const g = context2d(chip);
  g.lineWidth = 2;
  for (const [x, y] of face.landmarks) {
    const z = side / from.side;
    g.beginPath();
    g.arc((x * k - from.x) * z, (y * k - from.y) * z, side / 60, 0, 2 * Math.PI);
    g.fillStyle = '#fff';
    g.strokeStyle = '#0c6b5d';
    g.fill();
    g.stroke();
  }
  return chip;
}
