/* What was changed in the gallery, newest first, each with its undo. */
import { button, make } from '../dom.js';
import { catalogue, date, detail, explain, say } from '../words.js';

const SHOWN = 30;
const FINAL = new Set(['forget', 'undo']);

/** @param {HTMLElement} root @param {import('../main.js').App} app @param {() => void} changed */
export function mountHistory(root, app, changed) {
  const list = make('ul', { class: 'history-list' });
  root.append(make('section', { class: 'card history' }, make('h2', { text: say('history') }), list));

  /** @param {import('../api.js').Change} c */
  function row(c) {
    const key = `action_${c.action}`;
    const what = `${catalogue[key] ? say(key) : c.action}${c.detail ? ` – ${detail(c.detail)}` : ''}`;
    const undo = c.undone || FINAL.has(c.action) ? null : button(say('undo'), 'plain', async () => {
      try {
        await app.recogniser.undo(c.change);
        app.toast.show(say('undone'));
      } catch (error) {
        app.toast.show(explain(error), { bad: true });
      }
      changed();
    }, { 'aria-label': say('history_undo', { what }) });
    return make('li', { class: c.undone ? 'change undone' : 'change' },
      make('div', {}, make('p', { text: what }), make('p', { class: 'small muted', text: c.undone ? `${date(c.time)} · ${say('history_undone')}` : date(c.time) })), undo);
  }

  return {
    async refresh() {
      const changes = await app.recogniser.history();
      list.replaceChildren(...changes.slice(0, SHOWN).map(row));
      if (changes.length === 0) list.append(make('li', { class: 'muted', text: say('history_none') }));
    },
  };
}
