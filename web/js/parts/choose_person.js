/* Which of the people? */
import { button, make } from '../dom.js';
import { called, say } from '../words.js';
import { openDialog } from './dialog.js';

/**
 * @param {string} title @param {string} text @param {string} yes
 * @param {readonly import('../api.js').Person[]} people @param {boolean} [orNew] also somebody new: 0
 * @returns {Promise<number | null>}
 */
export function choosePerson(title, text, yes, people, orNew = false) {
  return new Promise((answer) => {
    /** @type {number | null} */
    let chosen = null;
    const d = openDialog(title, { onclose: () => answer(chosen) });
    if (people.length === 0 && !orNew) {
      d.body.append(make('p', { text: say('nobody_else') }));
      d.foot.append(button(say('close'), 'plain', d.close));
      return;
    }
    const select = make('select', { class: 'input' },
      ...people.map((p) => make('option', { value: String(p.person), text: called(p.name, p.person) })),
      ...(orNew ? [make('option', { value: '0', text: say('new_person') })] : []));
    d.body.append(text ? make('p', { text }) : '', make('label', { class: 'field' }, make('span', { text: say('choose_person') }), select));
    d.foot.append(button(say('cancel'), 'plain', d.close), button(yes, 'primary', () => {
      chosen = Number(select.value);
      d.close();
    }));
    select.focus();
  });
}
