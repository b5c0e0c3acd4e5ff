/* The video once more, with the faces of those hidden who are ticked. */
import { button, make } from '../dom.js';
import { finished } from '../jobs.js';
import { count, explain, say } from '../words.js';
import { mountProgress } from './progress.js';

/**
 * @param {HTMLElement} root @param {import('../main.js').App} app
 * @param {import('../pages/video.js').VideoWork} work
 * @param {import('../api.js').VideoResult} result @param {{hidden: Set<number>, chosen: () => void}} how
 *   chosen: what is ticked has changed
 */
export function mountBlurExport(root, app, work, result, { hidden, chosen }) {
  const mode = make('select', { class: 'input' },
    ...['blur', 'mosaic', 'black'].map((m) => make('option', { value: m, text: say(`blur_${m}`) })));
  const place = make('div', { class: 'blur-place' });
  const go = button(say('blur_do'), 'primary', begin);
  let open = true;

  /** @param {(t: import('../api.js').VideoTrack) => boolean} which */
  const tick = (which) => () => {
    hidden.clear();
    for (const t of result.tracks) if (which(t)) hidden.add(t.track);
    chosen();
  };
  root.append(make('section', { class: 'card blur' }, make('h2', { text: say('blur_title') }),
    make('p', { class: 'muted', text: say('blur_text') }),
    make('div', { class: 'row-buttons', role: 'group', 'aria-label': say('video_hide') },
      button(say('blur_everybody'), 'plain', tick(() => true)),
      button(say('blur_strangers'), 'plain', tick((t) => !t.person || !t.name)),
      button(say('blur_nobody'), 'plain', tick(() => false))),
    make('div', { class: 'blur-do' }, make('label', { class: 'field' }, make('span', { text: say('blur_mode') }), mode), go), place));

  /** @param {string} job @param {number} n */
  function done(job, n) {
    const name = `${work.name.replace(/\.[^.]*$/, '')}-kao.mp4`;
    const link = make('a', { class: 'button primary', href: app.recogniser.fileAddress(job), text: say('blur_download') });
    link.setAttribute('download', name);
    place.replaceChildren(make('p', { role: 'status', text: count('blur_done', n) }), link);
    link.focus();
  }

  async function begin() {
    const n = hidden.size;
    const others = result.tracks.map((t) => t.track).filter((t) => !hidden.has(t));
    let wanted = true;
    go.disabled = true;
    const progress = mountProgress(place, say('blur_making'), () => {
      wanted = false;
      if (work.blur) app.recogniser.endJob(work.blur).catch(() => {});
      place.replaceChildren();
      go.focus();
    });
    try {
      if (work.blur) await app.recogniser.endJob(work.blur).catch(() => {}); // the last one's file
      const job = await app.recogniser.beginBlur(work.job, { others }, mode.value);
      if (!wanted) {
        app.recogniser.endJob(job).catch(() => {});
        update();
        return;
      }
      work.blur = job;
      const made = await finished(app.recogniser, job, progress.show, () => open && wanted);
      if (made) done(job, n);
    } catch (error) {
      if (open && wanted) place.replaceChildren(make('p', { class: 'problem', role: 'alert', text: explain(error) }));
    }
    update();
  }

  function update() {
    go.disabled = hidden.size === 0;
  }
  update();
  return {
    update,
    destroy() {
      open = false;
    },
  };
}
