/* The people of a video, a row each: who, when, whether they are to be hidden. A press on a part jumps
 * there. */
import { button, make } from '../dom.js';
import { clock, span, ticks } from '../jobs.js';
import { called, say } from '../words.js';
import { nameFound } from './name_found.js';

/** @typedef {import('../api.js').VideoTrack} VideoTrack */

/**
 * @param {HTMLElement} root @param {import('../main.js').App} app @param {string} job
 * @param {import('../api.js').VideoResult} result
 * @param {{jump: (seconds: number) => void, named: () => void, hidden: Set<number>, chosen: () => void}} how
 *   hidden: tracks that are ticked
 */
export function mountTimeline(root, app, job, result, { jump, named, hidden, chosen }) {
  const list = make('ul', { class: 'timeline', 'aria-label': say('video_timeline') });
  const scale = make('div', { class: 'tl-scale', 'aria-hidden': 'true' });
  /** @type {HTMLElement[]} */
  const marks = [];
  root.append(make('div', { class: 'tl-row tl-head' }, make('div', {}), scale, make('div', {})), list);
  for (const t of ticks(result.seconds)) {
    const tick = make('span', { class: 'tl-tick figure', text: clock(t) });
    tick.style.left = `${span([t, t], result.seconds).left}%`;
    scale.append(tick);
  }

  /** Numbers for those without a name, from 1 on. @param {VideoTrack} track */
  function nameOf(track) {
    if (track.person) return called(track.name, track.person);
    const strangers = result.tracks.filter((t) => !t.person);
    return `${say('unknown')} ${strangers.indexOf(track) + 1}`;
  }

  /** @param {VideoTrack} track */
  function row(track) {
    const who = nameOf(track);
    const bar = make('div', { class: 'tl-bar', role: 'group', 'aria-label': who });
    const mark = make('span', { class: 'tl-now' });
    for (const part of track.intervals) {
      const at = span(part, result.seconds);
      const it = make('button', { type: 'button', class: track.person ? 'tl-part known' : 'tl-part', on: { click: () => jump(part[0]) },
        'aria-label': say('video_jump', { who, from: clock(part[0]), to: clock(part[1]) }), title: `${clock(part[0])} – ${clock(part[1])}` });
      it.style.left = `${at.left}%`;
      it.style.width = `${at.width}%`;
      bar.append(it);
    }
    bar.append(mark);
    marks.push(mark);
    const total = track.intervals.reduce((sum, [a, b]) => sum + b - a, 0);
    const hide = make('input', { type: 'checkbox', checked: hidden.has(track.track), 'aria-label': say('video_hide_who', { who }),
      on: { change: () => {
        if (hide.checked) hidden.add(track.track);
        else hidden.delete(track.track);
        chosen();
      } } });
    const text = make('div', { class: 'tl-text' },
      track.person ? make('a', { class: 'tl-name', href: `#people/${track.person}`, text: who }) : make('p', { class: 'tl-name', text: who }),
      make('p', { class: 'small muted', text: say('video_seen', { n: clock(Math.max(1, total)) }) }),
      track.person || !track.chip ? null : button(say('name_button'), 'plain small-button', async () => {
        if ((await nameFound(app, job, track.track, track.track)) !== null) named();
      }, { 'aria-label': say('name_of', { who }) }));
    return make('li', { class: 'tl-row', 'data-track': String(track.track) },
      make('div', { class: 'tl-who' },
        track.chip ? make('img', { class: 'chip', src: app.recogniser.chipAddress(job, track.track), alt: '' }) : make('span', { class: 'chip' }), text),
      bar, make('label', { class: 'tl-hide' }, hide, make('span', { 'aria-hidden': 'true', text: say('video_hide') })));
  }

  function show() {
    marks.length = 0;
    list.replaceChildren(...result.tracks.map(row));
  }
  show();

  return {
    show,
    /** @param {number} seconds */
    at(seconds) {
      const { left } = span([seconds, seconds], result.seconds);
      for (const mark of marks) mark.style.left = `${left}%`;
    },
  };
}
