/* How far something is that takes longer, with a way to stop it. */
import { button, make } from '../dom.js';
import { count, say } from '../words.js';

/** @typedef {ReturnType<typeof mountProgress>} Progress */

/** @param {HTMLElement} root @param {string} title @param {() => void} cancel */
export function mountProgress(root, title, cancel) {
  const bar = make('progress', { class: 'progress', max: 1, 'aria-label': title });
  const heading = make('h2', { text: title });
  const words = make('p', { class: 'muted figure' });
  const said = make('p', { class: 'visually-hidden', role: 'status' }); // not each step is read out
  const it = make('section', { class: 'card job' }, heading, bar, words, said,
    button(say('cancel'), 'plain', cancel));
  let told = -1;
  root.replaceChildren(it);

  /** @param {number | null} share 0 to 1; null: not known @param {string} text */
  function set(share, text) {
    if (share === null) bar.removeAttribute('value');
    else bar.value = share;
    words.textContent = text;
    const quarter = share === null ? 0 : Math.floor(share * 4);
    if (quarter === told) return;
    told = quarter;
    said.textContent = text;
  }

  return {
    set,
    /** @param {string} text */
    retitle(text) {
      heading.textContent = text;
      bar.setAttribute('aria-label', text);
    },
    /** @param {import('../api.js').Job<unknown>} job */
    show(job) {
      if (job.state === 'waiting') set(null, job.before ? count('job_waiting', job.before) : say('starting'));
      else if (job.progress === null) set(null, say('starting'));
      else set(job.progress, say('job_progress', { n: Math.floor(job.progress * 100) }));
    },
  };
}
