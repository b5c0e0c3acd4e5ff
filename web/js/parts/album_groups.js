/* The people of an album: their faces, a name, and "not this one". */
import { button, make } from '../dom.js';
import { called, count, explain, say } from '../words.js';
import { nameFound } from './name_found.js';

/** @typedef {import('../api.js').AlbumGroup} AlbumGroup */
/** @typedef {import('../api.js').AlbumFace} AlbumFace */

const SHOWN = 18; // faces of a group, before the rest is asked for

/**
 * @param {HTMLElement} root @param {import('../main.js').App} app @param {string} job
 * @param {{nameOf: (g: AlbumGroup) => string, changed: () => Promise<void>}} how
 */
export function mountAlbumGroups(root, app, job, { nameOf, changed }) {
  const several = make('ul', { class: 'groups' });
  const once = make('ul', { class: 'singles' });
  const onceHead = make('h2', { text: say('album_singles') });
  /** All faces shown. @type {Set<number>} */
  const whole = new Set();
  root.append(several, make('section', { class: 'once' }, onceHead, once));

  /** @param {AlbumGroup} g */
  function nameButton(g) {
    const best = [...g.faces].sort((a, b) => (b.quality ?? 0) - (a.quality ?? 0))[0];
    return button(say('name_button'), 'plain small-button', async () => {
      if ((await nameFound(app, job, g.group, best.face)) !== null) await changed();
    }, { 'aria-label': say('name_of', { who: nameOf(g) }) });
  }

  /** @param {AlbumFace} f */
  async function takeOut(f) {
    try {
      await app.recogniser.takeOut(job, f.face);
      await changed();
      app.toast.show(say('album_out_done'));
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
  }

  /** @param {AlbumFace} f @param {boolean} alone */
  function face(f, alone) {
    const image = make('img', { class: 'chip large', src: app.recogniser.chipAddress(job, f.face), alt: f.file, title: f.file, loading: 'lazy' });
    if (alone) return make('li', { class: 'album-face' }, image);
    const out = make('button', { type: 'button', class: 'chip-out', 'aria-label': say('album_out', { file: f.file }), title: say('album_out', { file: f.file }),
      on: { click: () => takeOut(f) } }, '×');
    return make('li', { class: 'album-face' }, image, out);
  }

  /** @param {AlbumGroup} g */
  function title(g) {
    return g.person ? make('a', { class: 'group-name', href: `#people/${g.person}`, text: called(g.name, g.person) })
      : make('span', { class: 'group-name', text: nameOf(g) });
  }

  /** @param {AlbumGroup} g */
  function row(g) {
    const shown = whole.has(g.group) ? g.faces : g.faces.slice(0, SHOWN);
    const rest = g.faces.length - shown.length;
    return make('li', { class: 'card group' },
      make('div', { class: 'group-head' }, make('h3', {}, title(g)), make('span', { class: 'muted small', text: count('album_faces', g.faces.length) }),
        g.person ? null : nameButton(g)),
      make('ul', { class: 'chips', 'aria-label': nameOf(g) }, ...shown.map((f) => face(f, false)),
        rest ? make('li', {}, button(say('album_more', { n: rest }), 'plain', () => {
          whole.add(g.group);
          show(last);
        })) : null));
  }

  /** @param {AlbumGroup} g */
  function single(g) {
    return make('li', { class: 'single' }, make('ul', { class: 'chips', 'aria-label': nameOf(g) }, face(g.faces[0], true)),
      make('div', { class: 'single-text' }, title(g), g.person ? null : nameButton(g)));
  }

  /** @type {readonly AlbumGroup[]} */
  let last = [];

  /** @param {readonly AlbumGroup[]} groups the largest first */
  function show(groups) {
    last = groups;
    const alone = groups.filter((g) => g.faces.length === 1);
    several.replaceChildren(...groups.filter((g) => g.faces.length > 1).map(row));
    once.replaceChildren(...alone.map(single));
    onceHead.hidden = alone.length === 0;
  }
  return { show };
}
