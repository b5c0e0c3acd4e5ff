/* A place for one picture: dropped, chosen, or taken by the camera. Out: 'picture', detail: Blob | null. */
import { button, icon, make } from '../dom.js';
import { takeDrops } from '../files.js';
import { opened } from '../picture.js';
import { say } from '../words.js';
import { openSnap } from './snap.js';

/** @param {HTMLElement} root @param {string} which its name, in words @param {import('../main.js').App} app */
export function mountPictureInput(root, which, app) {
  const input = make('input', { type: 'file', accept: 'image/*', class: 'visually-hidden', tabIndex: -1, 'aria-hidden': 'true' });
  const shown = make('img', { class: 'drop-picture', alt: say('picture_of', { which, name: '' }), hidden: true });
  const choose = button(say('picture_choose'), 'plain', () => input.click(), { 'aria-label': `${which}: ${say('picture_choose')}` });
  const camera = button(say('picture_camera'), 'plain', () => openSnap(app, set), { 'aria-label': `${which}: ${say('picture_camera')}` });
  const remove = button('', 'round drop-remove', () => set(null), { 'aria-label': say('picture_remove', { which }), hidden: true });
  const empty = make('div', { class: 'drop-empty' }, make('p', { class: 'drop-which', text: which }),
    make('p', { class: 'muted small', text: say('picture_drop') }), make('div', { class: 'drop-buttons' }, choose, camera));
  const zone = make('div', { class: 'drop', role: 'group', 'aria-label': which }, shown, empty, remove, input);
  let address = '';
  let number = 0;

  remove.append(icon('close'));
  root.append(zone);

  /** @param {Blob | null} blob @param {string} [name] */
  async function set(blob, name = '') {
    const mine = ++number;
    if (address) URL.revokeObjectURL(address);
    address = blob ? URL.createObjectURL(blob) : '';
    if (blob && !(await opened(blob, 64))) { // one that only the recogniser can read
      URL.revokeObjectURL(address);
      address = '';
    }
    if (mine !== number) return;
    if (address) shown.src = address;
    else shown.removeAttribute('src');
    shown.alt = say('picture_of', { which, name: name || (blob instanceof File ? blob.name : '') });
    shown.hidden = !address;
    remove.hidden = !blob;
    empty.hidden = Boolean(blob);
    zone.classList.toggle('has', Boolean(blob));
    root.dispatchEvent(new CustomEvent('picture', { detail: blob }));
    if (!blob) choose.focus();
  }

  input.addEventListener('change', () => {
    if (input.files?.[0]) set(input.files[0]);
    input.value = '';
  });
  takeDrops(zone, ([file]) => set(file));
  return {
    set,
    destroy() {
      if (address) URL.revokeObjectURL(address);
    },
  };
}
