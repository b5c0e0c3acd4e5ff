/* An album: pictures of a folder, their faces put together by person, named, asked about. */
import { button, make } from '../dom.js';
import { isPicture, isZip, pathOf, takeDrops } from '../files.js';
import { finished } from '../jobs.js';
import { called, count, explain, number, say } from '../words.js';
import { mountAlbumGroups } from '../parts/album_groups.js';
import { mountProgress } from '../parts/progress.js';
import { mountReview } from '../parts/review.js';

/** @typedef {{job: string, bad: number}} AlbumWork bad: files that could not be read */
/** @typedef {import('../api.js').AlbumResult} AlbumResult */

const AT_ONCE = 2;
const REVIEWED = 4; // faces of a group, where two groups are asked about

/** @param {HTMLElement} root @param {import('../main.js').App} app */
export function mountAlbum(root, app) {
  const place = make('div', { class: 'album-place' });
  let open = true;
  let turn = 0; // what was begun before the last beginning is dropped

  root.append(make('div', { class: 'album-page' },
    make('div', { class: 'intro' }, make('h1', { text: say('album_title') }), make('p', { class: 'muted', text: say('album_text') })), place));

  function choose() {
    const hidden = { class: 'visually-hidden', tabIndex: -1, 'aria-hidden': 'true' };
    const folder = make('input', { type: 'file', multiple: true, ...hidden });
    const files = make('input', { type: 'file', accept: 'image/*,.zip', multiple: true, ...hidden });
    const zone = make('div', { class: 'drop small-drop' }, make('div', { class: 'drop-empty' },
      make('p', { class: 'muted', text: say('album_drop') }),
      make('div', { class: 'drop-buttons' }, button(say('album_folder'), 'primary', () => folder.click()),
        button(say('album_pictures'), 'plain', () => files.click()))), folder, files);
    folder.webkitdirectory = true;
    for (const input of [folder, files]) input.addEventListener('change', () => begin([...(input.files ?? [])]));
    takeDrops(zone, begin, (file) => isPicture(file) || isZip(file));
    place.replaceChildren(zone);
  }

  function end() {
    turn++;
    if (app.work.album) app.recogniser.endJob(app.work.album.job).catch(() => {});
    app.work.album = null;
  }

  /** @param {any} error */
  function failed(error) {
    end();
    if (!open) return;
    choose();
    place.prepend(make('p', { class: 'card problem', role: 'alert', text: explain(error) }));
  }

  /** @param {readonly File[]} chosen */
  async function begin(chosen) {
    const files = chosen.filter(isPicture);
    const zip = chosen.find(isZip); // all of an album
    if (!zip && files.length === 0) {
      if (chosen.length) app.toast.show(say('album_no_pictures'), { bad: true });
      return;
    }
    end();
    const mine = turn;
    const wanted = () => open && mine === turn;
    const progress = mountProgress(place, say('album_title'), () => {
      end();
      choose();
    });
    progress.set(null, say('job_sending'));
    let half = ''; // an album that is not whole yet: nobody wants it when this ends
    try {
      half = await app.recogniser.beginAlbum(zip);
      const work = { job: half, bad: 0 };
      if (!zip) await send(work, files, progress, wanted);
      if (!zip && wanted()) await app.recogniser.startAlbum(work.job);
      if (wanted()) {
        half = '';
        app.work.album = work;
        await follow(work, progress);
      }
    } catch (error) {
      if (mine === turn) failed(error);
    }
    if (half) app.recogniser.endJob(half).catch(() => {});
  }

  /** @param {AlbumWork} work @param {readonly File[]} files @param {import('../parts/progress.js').Progress} progress @param {() => boolean} wanted */
  async function send(work, files, progress, wanted) {
    let next = 0;
    let done = 0;
    let faces = 0;
    async function some() {
      while (next < files.length && wanted()) {
        const file = files[next++];
        const answer = await app.recogniser.addPicture(work.job, file, pathOf(file));
        done++;
        faces += answer.faces;
        if (answer.error) work.bad++;
        progress.set(done / files.length, say('album_reading', { n: number(done), all: number(files.length), faces: number(faces) }));
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, some));
  }

  /** @param {AlbumWork} work @param {import('../parts/progress.js').Progress} progress */
  async function follow(work, progress) {
    const mine = turn;
    progress.retitle(say('album_grouping'));
    /** @type {AlbumResult | null} */
    const result = await finished(app.recogniser, work.job, progress.show, () => open && mine === turn);
    if (result) show(work, result);
  }

  /** @param {AlbumWork} work @param {AlbumResult} first */
  function show(work, first) {
    const summary = make('h2', { tabIndex: -1 });
    const unread = work.bad + first.unreadable; // the latter of a zip
    const bad = unread ? make('p', { class: 'muted', text: count('album_bad', unread) }) : null;
    const above = make('div', {});
    const below = make('div', { class: 'album-groups' });
    /** Strangers' numbers stay what they are while groups come and go. @type {Map<number, number>} */
    const numbers = new Map();
    /** @param {import('../api.js').AlbumGroup} g */
    const nameOf = (g) => (g.person ? called(g.name, g.person) : say('album_stranger', { n: numbers.get(g.group) ?? 0 }));
    const review = mountReview(above, app, { text: say('review_text'), answered: refresh });
    const groups = mountAlbumGroups(below, app, work.job, { nameOf, changed: refresh });

    place.replaceChildren(make('div', { class: 'album-head' }, make('div', {}, summary, bad),
      button(say('job_again'), 'plain', () => {
        end();
        choose();
      })), above, below);

    /** @param {import('../api.js').AlbumGroup} g @returns {import('../parts/review.js').Side} */
    const side = (g) => ({
      name: nameOf(g),
      faces: g.faces.slice(0, REVIEWED).map((f) =>
        make('img', { class: 'chip large', src: app.recogniser.chipAddress(work.job, f.face), alt: '', title: f.file })),
    });

    /** @param {AlbumResult} result @returns {import('../parts/review.js').Question[]} */
    function questions(result) {
      const of = (/** @type {number} */ n) => result.groups.find((g) => g.group === n);
      return result.pairs.flatMap((p) => {
        const [a, b] = [of(p.group), of(p.other)];
        return a && b ? [{
          key: `${p.group} ${p.other}`,
          similarity: p.similarity,
          sides: () => [side(a), side(b)],
          merge: () => app.recogniser.mergeGroups(work.job, p.group, p.other),
          apart: () => app.recogniser.keepGroupsApart(work.job, p.group, p.other),
        }] : [];
      });
    }

    /** @param {AlbumResult} result */
    function update(result) {
      for (const g of result.groups) if (!numbers.has(g.group)) numbers.set(g.group, numbers.size + 1);
      summary.textContent = result.groups.length === 0 ? say('album_none')
        : say('album_found', { groups: count('video_found', result.groups.length), pictures: count('album_pictures_n', result.pictures) });
      review.show(questions(result));
      groups.show(result.groups);
    }

    async function refresh() {
      const at = window.scrollY;
      const { result } = await app.recogniser.job(work.job);
      update(result);
      window.scrollTo(0, at);
      if (document.activeElement === document.body) summary.focus({ preventScroll: true }); // what was pressed is gone
    }
    update(first);
    summary.focus({ preventScroll: true });
  }

  if (app.work.album) {
    const work = app.work.album;
    follow(work, mountProgress(place, say('album_grouping'), () => {
      end();
      choose();
    })).catch(failed);
  } else {
    choose();
  }
  return () => { open = false; };
}
