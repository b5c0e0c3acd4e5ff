/* A round picture of somebody: the one this browser has cut, else initials. */
import { make } from '../dom.js';
import { initials } from '../layout.js';

/**
 * @param {import('../api.js').Person} person
 * @param {ReturnType<typeof import('../store.js').createPortraits>} portraits
 */
export function portrait(person, portraits) {
  const image = portraits.of(person);
  if (image) return make('img', { class: 'portrait', src: image, alt: '' });
  return make('span', { class: 'portrait initials', 'aria-hidden': 'true', text: initials(person.name, person.person) });
}
