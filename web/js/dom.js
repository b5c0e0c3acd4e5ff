/* Elements in one line each. Text goes in as text, never as markup. */

/** @typedef {Node | string | null | false | undefined} Child */
/** @typedef {Record<string, unknown> & {class?: string, text?: string,
 *   on?: Record<string, (event: any) => void>}} Properties */

/**
 * make('button', { class: 'plain', type: 'button', on: { click } }, 'OK'). Properties the element
 * has are set as such, others (aria-label, for) as attributes.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Properties} [properties] @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === 'on')
      for (const [event, run] of Object.entries(/** @type {Record<string, EventListener>} */ (value)))
        element.addEventListener(event, run);
    else if (name === 'class') element.className = String(value);
    else if (name === 'text') element.textContent = String(value);
    else if (name in element) /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, String(value));
  }
  for (const child of children) if (child || child === '') element.append(/** @type {Node | string} */ (child));
  return element;
}

/**
 * A button. kind: 'primary', 'plain', 'quiet', 'danger', 'round'.
 * @param {string} text @param {string} kind @param {(event: Event) => void} click @param {Properties} [more]
 */
export function button(text, kind, click, more = {}) {
  return make('button', { type: 'button', class: `button ${kind}`, on: { click }, ...more }, text);
}

const SVG = 'http://www.w3.org/2000/svg';

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Node} children */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Line drawings on a grid of 24. @type {Record<string, string>} */
const drawings = {
  camera: 'M4 8h3l2-3h6l2 3h3v11H4z M12 10a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7',
  file: 'M5 4h9l5 5v11H5z M14 4v5h5',
  film: 'M4 5h16v14H4z M8 5v14 M16 5v14 M4 12h16',
  play: 'M8 5l11 7l-11 7z',
  pause: 'M8 5v14 M16 5v14',
  plus: 'M12 5v14 M5 12h14',
  turn: 'M5 11a7 7 0 0 1 12-4l2 2 M19 4v5h-5 M19 13a7 7 0 0 1-12 4l-2-2 M5 20v-5h5',
  close: 'M6 6l12 12 M18 6L6 18',
  live: 'M4 8V4h4 M16 4h4v4 M20 16v4h-4 M8 20H4v-4 M12 8a3 3 0 1 0 0 6a3 3 0 1 0 0-6 M7 18c1-3 9-3 10 0',
  compare: 'M3 6h8v12H3z M13 6h8v12h-8z',
  album: 'M4 7h12v13H4z M8 7V4h12v13h-4 M7 17l3-4l3 4',
  people: 'M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7 M3 19c1-5 11-5 12 0 M16 6a3 3 0 0 1 0 6 M17 14c2.500 .5 4 2 4.500 5',
};

/** A drawing that says nothing to a screen reader: its button has words. @param {string} name */
export function icon(name) {
  return svg('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false' },
    svg('path', { d: drawings[name] }));
}
