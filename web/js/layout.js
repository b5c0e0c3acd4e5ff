/* Where things lie: pictures in frames, faces in pictures. No DOM. */

/** @typedef {import('./api.js').Box} Box */

/**
 * A picture shown whole in a frame (object-fit: contain): scale and the corner it begins at.
 * @param {number} width @param {number} height of the picture
 * @param {number} frameWidth @param {number} frameHeight
 */
export function fit(width, height, frameWidth, frameHeight) {
  const scale = width > 0 && height > 0 ? Math.min(frameWidth / width, frameHeight / height) : 0;
  return { scale, x: (frameWidth - width * scale) / 2, y: (frameHeight - height * scale) / 2 };
}

/**
 * A box of the picture in the frame. mirrored: the picture is shown as in a mirror.
 * @param {Box} box @param {{scale: number, x: number, y: number}} f
 * @param {number} width of the picture @param {boolean} [mirrored] @returns {Box}
 */
export function place([x, y, w, h], f, width, mirrored = false) {
  return [f.x + (mirrored ? width - x - w : x) * f.scale, f.y + y * f.scale, w * f.scale, h * f.scale];
}

/** A size whose longer side is at most `most`. @param {number} width @param {number} height @param {number} most */
export function shrink(width, height, most) {
  const k = Math.min(1, most / Math.max(width, height, 1));
  return { width: Math.max(1, Math.round(width * k)), height: Math.max(1, Math.round(height * k)) };
}

/** @param {Box} box @param {number} k @returns {Box} */
export function scaled(box, k) {
  return /** @type {Box} */ (box.map((v) => v * k));
}

/**
 * A square around a face with room for hair and chin, kept inside the picture where it can be.
 * @param {Box} box @param {number} width @param {number} height @param {number} [room] of the face's longer side
 * @returns {{x: number, y: number, side: number}}
 */
export function squareAround([x, y, w, h], width, height, room = 1.5) {
  const side = Math.min(Math.max(w, h) * room, Math.max(width, height));
  /** @param {number} at @param {number} whole */
  const inside = (at, whole) => (side >= whole ? (whole - side) / 2 : Math.min(Math.max(0, at), whole - side));
  return { x: inside(x + w / 2 - side / 2, width), y: inside(y + h / 2 - side / 2, height), side };
}

/** How far two boxes' centres are apart. @param {Box} a @param {Box} b */
export function apart(a, b) {
  return Math.hypot(a[0] + a[2] / 2 - b[0] - b[2] / 2, a[1] + a[3] / 2 - b[1] - b[3] / 2);
}

/** @param {Box} box @returns {[number, number]} */
export function centre([x, y, w, h]) {
  return [x + w / 2, y + h / 2];
}

/** Up to two letters to stand for a name. @param {string | null} name @param {number} person */
export function initials(name, person) {
  const words = (name ?? '').trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return String(person);
  const first = [...words[0]][0];
  return (words.length > 1 ? first + [...words[words.length - 1]][0] : first).toUpperCase();
}
