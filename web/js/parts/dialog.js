/* Dialogs: a title, a body, buttons. The browser keeps the focus inside and gives it back. */
import { button, make } from '../dom.js';
import { say } from '../words.js';

let made = 0;

/**
 * Opens one; it is removed when it closes. Out: onclose.
 * @param {string} title @param {{wide?: boolean, onclose?: () => void}} [options]
 */
export function openDialog(title, { wide = false, onclose } = {}) {
  const id = `dialog-${++made}`;
  const body = make('div', wide ? { class: 'dialog-body', tabIndex: 0 } : { class: 'dialog-body' }); // scrolled by keys
  const foot = make('div', { class: 'dialog-foot' });
  const heading = make('h2', { id, text: title });
  const shut = make('button', { type: 'button', class: 'button quiet dialog-shut', 'aria-label': say('close') }, '×');
  const dialog = make('dialog', { class: wide ? 'dialog wide' : 'dialog', 'aria-labelledby': id },
    make('div', { class: 'dialog-head' }, heading, shut), body, foot);
  const before = document.activeElement;
  const close = () => dialog.close();

  shut.addEventListener('click', close);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) close(); // beside it
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    onclose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, body, foot, close, retitle: (/** @type {string} */ text) => { heading.textContent = text; } };
}

/**
 * Asks; true: yes. typed: a word that has to be typed first.
 * @param {string} title @param {string} text @param {string} yes
 * @param {{danger?: boolean, typed?: {word: string, label: string}}} [options] @returns {Promise<boolean>}
 */
export function ask(title, text, yes, { danger = false, typed } = {}) {
  return new Promise((answer) => {
    let said = false;
    const d = openDialog(title, { onclose: () => answer(said) });
    const go = button(yes, danger ? 'danger' : 'primary', () => {
      said = true;
      d.close();
    });
    d.body.append(make('p', { text }));
    if (typed) {
      const input = make('input', { type: 'text', autocomplete: 'off', class: 'input' });
      go.disabled = true;
      input.addEventListener('input', () => { go.disabled = input.value.trim() !== typed.word; });
      d.body.append(make('label', { class: 'field' }, make('span', { text: typed.label }), input));
      input.focus();
    }
    d.foot.append(button(say('cancel'), 'plain', d.close), go);
    if (!typed) go.focus();
  });
}
