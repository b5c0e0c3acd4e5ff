/* A video of the user's own: who is in it, and when; strangers are named there, faces hidden. */
import { button, make } from '../dom.js';
import { isVideo, takeDrops } from '../files.js';
import { finished } from '../jobs.js';
import { count, explain, say } from '../words.js';
import { mountBlurExport } from '../parts/blur_export.js';
import { mountProgress } from '../parts/progress.js';
import { mountTimeline } from '../parts/timeline.js';
import { mountVideoBoxes } from '../parts/video_boxes.js';

/** @typedef {{job: string, file: Blob, name: string, blur: string | null, hidden: Set<number>}} VideoWork */

const LOOK_IN = 0.8; // seconds after somebody comes

/** @param {HTMLElement} root @param {import('../main.js').App} app */
export function mountVideo(root, app) {
  const place = make('div', { class: 'video-place' });
  let open = true;
  let turn = 0; // what was begun before the last beginning is dropped
  let leave = () => {};

  root.append(make('div', { class: 'video-page' },
    make('div', { class: 'intro' }, make('h1', { text: say('video_title') }),
      make('p', { class: 'muted', text: app.host ? say('video_text_host', { host: app.host }) : say('video_text') })), place));

  function choose() {
    leave();
    leave = () => {};
    const input = make('input', { type: 'file', accept: 'video/*,.mkv', class: 'visually-hidden', tabIndex: -1, 'aria-hidden': 'true' });
    const zone = make('div', { class: 'drop small-drop' }, make('div', { class: 'drop-empty' },
      make('p', { class: 'muted', text: say('video_drop') }),
      make('div', { class: 'drop-buttons' }, button(say('video_choose'), 'primary', () => input.click()), button(say('video_example'), 'plain', example))), input);
    input.addEventListener('change', () => { if (input.files?.[0]) begin(input.files[0], input.files[0].name); });
    takeDrops(zone, ([file]) => begin(file, file.name), isVideo);
    place.replaceChildren(zone);
  }

  async function example() {
    try {
      await begin(await app.recogniser.example('clip.mp4'), 'clip.mp4');
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
  }

  /** What is there is given up. */
  function end() {
    turn++;
    const { video } = app.work;
    app.work.video = null;
    for (const job of video ? [video.blur, video.job] : []) if (job) app.recogniser.endJob(job).catch(() => {});
  }

  /** @param {Blob} file @param {string} name */
  async function begin(file, name) {
    end();
    const mine = turn;
    const progress = mountProgress(place, say('video_looking', { name }), () => {
      end();
      choose();
    });
    progress.set(null, say('job_sending'));
    try {
      const job = await app.recogniser.beginVideo(file, name);
      if (mine !== turn) { // cancelled meanwhile
        app.recogniser.endJob(job).catch(() => {});
        return;
      }
      app.work.video = { job, file, name, blur: null, hidden: new Set() };
      if (open) await follow(app.work.video, progress);
    } catch (error) {
      if (mine === turn) failed(error);
    }
  }

  /** @param {any} error */
  function failed(error) {
    end();
    if (!open) return;
    choose();
    place.prepend(make('p', { class: 'card problem', role: 'alert', text: explain(error) }));
  }

  /** @param {VideoWork} work @param {import('../parts/progress.js').Progress} progress */
  async function follow(work, progress) {
    const mine = turn;
    /** @type {import('../api.js').VideoResult | null} */
    const result = await finished(app.recogniser, work.job, progress.show, () => open && mine === turn, { boxes: true });
    if (result) show(work, result);
  }

  /** @param {VideoWork} work @param {import('../api.js').VideoResult} result */
  function show(work, result) {
    const address = URL.createObjectURL(work.file);
    const video = make('video', { class: 'video', controls: true, playsInline: true, src: address, 'aria-label': work.name });
    const stage = make('div', { class: 'stage video-stage' }, video);
    const unplayable = make('p', { class: 'card problem', text: say('video_unplayable'), hidden: true });
    const boxes = mountVideoBoxes(stage, video, result);
    const toggle = button(say('video_boxes'), 'tool', () => {
      const on = toggle.getAttribute('aria-pressed') !== 'true';
      toggle.setAttribute('aria-pressed', String(on));
      boxes.show(on);
    }, { 'aria-pressed': 'true' });
    const lines = make('section', { class: 'card lines' });
    const below = make('div', {});
    const heading = make('h2', { tabIndex: -1, text: count('video_found', result.tracks.length) });

    result.tracks.sort((a, b) => a.first - b.first);
    stage.style.setProperty('--ratio', String(result.width / result.height));
    video.addEventListener('loadedmetadata', () => { // rather somebody than an empty room
      if (result.tracks[0]) video.currentTime = result.tracks[0].first + LOOK_IN;
    }, { once: true });
    lines.append(heading);
    video.addEventListener('error', () => {
      unplayable.hidden = false;
      stage.hidden = true;
    });
    place.replaceChildren(make('div', { class: 'stage-tools' }, make('p', { class: 'file-name', text: work.name }),
      make('div', { class: 'tools' }, toggle, button(say('job_again'), 'tool', () => {
        end();
        choose();
      }))), stage, unplayable);
    if (result.cut) place.append(make('p', { class: 'muted', text: say('video_cut') }));
    if (result.tracks.length === 0) lines.append(make('p', { class: 'muted', text: say('video_none') }));
    place.append(lines, below);
    const chosen = () => {
      timeline.show();
      blur.update();
    };
    const timeline = mountTimeline(lines, app, work.job, result, {
      hidden: work.hidden, named,
      chosen: () => blur.update(),
      jump(seconds) {
        video.currentTime = seconds + 0.01;
        stage.scrollIntoView({ block: 'nearest' });
      },
    });
    const blur = mountBlurExport(below, app, work, result, { hidden: work.hidden, chosen });
    video.addEventListener('timeupdate', () => timeline.at(video.currentTime));
    video.addEventListener('seeked', () => timeline.at(video.currentTime));
    heading.focus({ preventScroll: true });

    async function named() {
      try {
        const { result: now } = await app.recogniser.job(work.job);
        for (const t of result.tracks) {
          const found = now.tracks.find((/** @type {import('../api.js').VideoTrack} */ n) => n.track === t.track);
          if (found) Object.assign(t, { person: found.person, name: found.name });
        }
        timeline.show();
        heading.focus({ preventScroll: true }); // the button that was pressed is gone
      } catch (error) {
        app.toast.show(explain(error), { bad: true });
      }
    }

    leave = () => {
      boxes.destroy();
      blur.destroy();
      video.removeAttribute('src');
      URL.revokeObjectURL(address);
    };
  }

  if (app.work.video) {
    const work = app.work.video;
    follow(work, mountProgress(place, say('video_looking', { name: work.name }), () => {
      end();
      choose();
    })).catch(failed);
  } else {
    choose();
  }
  return () => {
    open = false;
    leave();
  };
}
