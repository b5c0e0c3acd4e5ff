/* People in and out, all at once: a folder of folders, a zip of one, or what an export wrote. */
import { button, make } from '../dom.js';
import { folderOf, isPicture, isZip, pathOf, takeDrops } from '../files.js';
import { finished } from '../jobs.js';
import { cut, drawn, opened } from '../picture.js';
import { because } from '../rates.js';
import { count, explain, number, say } from '../words.js';
import { mountProgress } from './progress.js';

/** @typedef {import('../api.js').ImportRow} ImportRow */
/** @typedef {{people: number, samples: number, known: number, rows: ImportRow[]}} Outcome */

const SHOWN = 100;

/** @param {File} file */
const isExport = (file) => /\.jsonl$/i.test(file.name);

/**
 * @param {HTMLElement} root @param {import('../main.js').App} app @param {() => void} changed
 * @returns {() => void} nobody looks any more
 */
export function mountImport(root, app, changed) {
  const hidden = { class: 'visually-hidden', tabIndex: -1, 'aria-hidden': 'true' };
  const folder = make('input', { type: 'file', multiple: true, ...hidden });
  const file = make('input', { type: 'file', accept: '.zip,.jsonl', ...hidden });
  const zone = make('div', { class: 'drop small-drop' }, make('div', { class: 'drop-empty' },
    make('p', { class: 'muted', text: say('import_drop') }),
    make('div', { class: 'drop-buttons' }, button(say('album_folder'), 'plain', () => folder.click()),
      button(say('import_file'), 'plain', () => file.click()))), folder, file);
  const place = make('div', { class: 'import-place' });
  const result = make('div', { 'aria-live': 'polite' });
  let turn = 0;
  let job = '';

  folder.webkitdirectory = true;
  root.append(make('section', { class: 'card import' }, make('h2', { text: say('import_title') }),
    make('p', { class: 'small muted', text: say('import_text') }), zone, place, result,
    make('a', { class: 'button plain', href: app.recogniser.exportAddress, download: 'kao-people.jsonl', text: say('export') })));
  for (const input of [folder, file]) {
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])];
      input.value = '';
      take(files);
    });
  }
  takeDrops(zone, take, (f) => isPicture(f) || isZip(f) || isExport(f));

  function end() {
    turn++;
    if (job) app.recogniser.endJob(job).catch(() => {});
    job = '';
    place.replaceChildren();
    zone.hidden = false;
  }

  /** @param {readonly File[]} files */
  async function take(files) {
    const whole = files.find((f) => isZip(f) || isExport(f));
    const pictures = files.filter(isPicture).sort((a, b) => pathOf(a).localeCompare(pathOf(b), 'en', { numeric: true })); // the first ones are what others are held against
    if (!whole && pictures.length === 0) {
      if (files.length) app.toast.show(say('album_no_pictures'), { bad: true });
      return;
    }
    end();
    const mine = turn;
    const progress = mountProgress(place, say('import_doing'), end);
    zone.hidden = true;
    result.replaceChildren();
    try {
      const outcome = whole ? await byJob(whole, progress, mine) : await oneByOne(pictures, progress, mine);
      if (mine === turn && outcome) {
        end();
        show(outcome);
      }
    } catch (error) {
      if (mine === turn) {
        end();
        result.replaceChildren(make('p', { class: 'problem', text: explain(error) }));
      }
    }
    await app.people.refresh().catch(() => {}); // who came before it was cancelled is there
    changed();
  }

  /** @param {File} whole @param {import('./progress.js').Progress} progress @param {number} mine @returns {Promise<Outcome | null>} */
  async function byJob(whole, progress, mine) {
    progress.set(null, say('job_sending'));
    const begun = await app.recogniser.beginImport(whole);
    if (mine !== turn) { // cancelled meanwhile
      app.recogniser.endJob(begun).catch(() => {});
      return null;
    }
    job = begun;
    /** @type {import('../api.js').ImportResult | null} */
    const r = await finished(app.recogniser, job, progress.show, () => mine === turn);
    if (!r) return null;
    await app.people.refresh();
    for (const row of r.files) if (row.chip !== null && row.person) await keepPortrait(row.person, app.recogniser.chipAddress(job, row.chip));
    return { ...r, rows: r.files };
  }

  /** @param {number} person @param {string} address */
  async function keepPortrait(person, address) {
    const made = app.people.get(person);
    if (!made || app.portraits.of(made)) return;
    const image = make('img', { src: address });
    try {
      await image.decode();
      app.portraits.keep(made, drawn(image, image.naturalWidth, image.naturalHeight, 128));
    } catch {
      // initials are shown
    }
  }

  /** @param {readonly File[]} pictures @param {import('./progress.js').Progress} progress @param {number} mine @returns {Promise<Outcome>} */
  async function oneByOne(pictures, progress, mine) {
    /** @type {Outcome} */
    const o = { people: 0, samples: 0, known: 0, rows: [] };
    for (const [i, picture] of pictures.entries()) {
      if (mine !== turn) break;
      progress.set(i / pictures.length, say('import_reading', { n: number(i), all: number(pictures.length) }));
      const name = folderOf(picture);
      if (name) await one(picture, name, o);
      else o.rows.push({ file: pathOf(picture), status: 'refused', person: null, name: null, reasons: ['no_folder'], chip: null });
    }
    return o;
  }

  /** @param {File} picture @param {string} name its folder's @param {Outcome} o */
  async function one(picture, name, o) {
    const same = app.people.list.filter((p) => p.name === name);
    /** @type {ImportRow} */
    const row = { file: pathOf(picture), status: 'refused', person: same[0]?.person ?? null, name, reasons: [], chip: null };
    o.rows.push(row);
    if (same.length > 1) {
      row.reasons = ['several_people'];
      return;
    }
    try {
      const e = await app.recogniser.enrol(picture, { person: row.person, name: row.person ? undefined : name, source: row.file });
      row.reasons = e.reasons;
      row.looksLike = e.looksLike;
      if (!e.enrolled) {
        if (e.reasons.length === 1 && e.reasons[0] === 'duplicate') row.status = 'duplicate';
        o.known += Number(row.status === 'duplicate');
        return;
      }
      row.status = 'enrolled';
      o.samples++;
      if (row.person) return;
      o.people++;
      await app.people.refresh();
      const made = app.people.get(Number(e.person));
      const shown = made && e.face ? await opened(picture) : null;
      if (made && shown && e.face) {
        const k = shown.canvas.width / shown.width;
        app.portraits.keep(made, cut(shown.canvas, /** @type {any} */ (e.face.box.map((v) => v * k)), 128, 1.35));
      }
    } catch (/** @type {any} */ error) {
      if (error?.code === 'unreachable') throw error;
      row.reasons = [error?.code ?? 'other'];
      if (['invalid_image', 'unsupported', 'too_large'].includes(error?.code)) row.status = 'unreadable';
    }
  }

  /** @param {Outcome} o */
  function show(o) {
    const out = o.rows.filter((r) => r.status === 'refused' || r.status === 'unreadable');
    result.replaceChildren(
      make('p', { text: say('import_done', { people: count('people_count', o.people), samples: count('samples', o.samples) }) }),
      o.known ? make('p', { class: 'small muted', text: count('import_known', o.known) }) : '',
      out.length ? make('details', { class: 'import-out' }, make('summary', { text: count('import_out', out.length) }),
        make('ul', { class: 'outcomes' }, ...out.slice(0, SHOWN).map((r) => make('li', { class: 'outcome bad' },
          make('span', { class: 'outcome-text' }, make('span', { class: 'outcome-name', text: r.file }),
            make('span', { class: 'small', text: r.status === 'unreadable' ? say('error_invalid_image')
              : because(r.reasons, r.looksLike) })))))) : '');
  }

  return end;
}
