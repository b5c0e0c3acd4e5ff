/* The recogniser: what the app asks of an engine, and the engine behind it, which is the program
 * that served this page. The only module that fetches. An engine inside the browser would be a
 * second object of the same type, so nothing of HTTP shows in it. */

/** @typedef {[number, number, number, number]} Box x, y, width, height in pixels of the picture */
/** @typedef {{score?: number, eye_distance?: number, yaw?: number, masked?: number | null,
 *   outcomes: string[]}} Quality */
/** @typedef {{far: number | null, far_is: string | null, likelihood_ratio?: number | null,
 *   fpir?: number | null}} Rates */
/** @typedef {{box: Box, score: number, landmarks: [number, number][], quality?: Quality}} Face */
/** @typedef {Face & Rates & {track: number, seen: boolean, person: number | null, name: string | null,
 *   similarity: number | null, yaw?: number | null, masked?: number | boolean | null, outcomes?: string[]}} Track */
/** @typedef {{tracks: Track[], width: number, height: number, ms: number, templates: number}} LiveAnswer */
/** @typedef {{person: number, name: string | null, n_samples: number, created: string,
 *   external: string | null, note: string | null, groups: string[], ignored: boolean}} Person */
/** @typedef {{sample: string, person: number, time: string, source: string | null,
 *   quality: number | null}} Sample */
/** Somebody's word: two people are two ("apart"), or a sample is not of a person ("not").
 * @typedef {{fact: number, time: string, kind: 'apart' | 'not', person: number, other: number | null,
 *   sample: string | null}} Fact */
/** @typedef {{change: number, time: string, action: string, detail: string, undone: boolean}} Change */
/** @typedef {{samples: number, bytes_searched: number, pieces: number, traces: number, time: string}} Receipt */
/** @typedef {Rates & {similarity: number}} CurvePoint */
/** @typedef {{similarity: number, below: number}} Quantile below: the share of the pairs */
/** @typedef {{pairs: number, quantiles: Quantile[]}} SamePairs of one person, rising */
/** @typedef {{name: string, id: string, dim: number, calibrated_on: string | null,
 *   curve: CurvePoint[], same?: SamePairs | null}} Model */
/** @typedef {{models: Model[], detector: string, fpir: number}} Models */
/** @typedef {Face & {width: number, height: number}} Side */
/** @typedef {Rates & {similarity: number, threshold: number, same: boolean, model: string,
 *   source: Side, target: Side}} Comparison */
/** @typedef {{person: number, name: string | null, similarity: number, sample: string}} Match */
/** @typedef {Face & Rates & {person: number | null, name: string | null, similarity: number | null,
 *   nearest?: Match[], reason?: {code: string, message: string}}} Identified */
/** @typedef {{faces: Identified[], threshold: number, templates: number, width: number, height: number,
 *   model: string}} Identification */
/** @typedef {{enrolled: boolean, person: number | null, sample: string | null, reasons: string[],
 *   quality: number | null, face: Face | null, looksLike: {person: number, name: string | null,
 *   similarity: number} | null}} Enrolment */
/** @typedef {{into: number, into_name: string | null, from: number, from_name: string | null,
 *   similarity: number}} PeoplePair */
/** @typedef {{person?: number | null, name?: string, at?: [number, number], source?: string,
 *   force?: boolean}} EnrolOptions */
/** @typedef {'open' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'} JobState */
/**
 * Work that takes longer. before: jobs that come first.
 * @template T
 * @typedef {{job: string, state: JobState, progress: number | null, before?: number, result?: T,
 *   error?: {code: string, message: string}}} Job
 */
/** @typedef {{track: number, person: number | null, name: string | null, similarity: number | null,
 *   quality: number | null, chip: boolean, first: number, last: number, intervals: [number, number][],
 *   boxes?: [number, number, number, number, number][]}} VideoTrack boxes: seconds, x, y, width, height */
/** @typedef {{tracks: VideoTrack[], width: number, height: number, seconds: number, cut: boolean,
 *   doubtful: number}} VideoResult */
/** @typedef {{hidden: number, tracks: number, bytes: number}} BlurResult */
/** @typedef {{face: number, file: string, number: number, quality: number | null, outcomes: string[],
 *   sample: boolean}} AlbumFace */
/** @typedef {{group: number, person: number | null, name: string | null, faces: AlbumFace[]}} AlbumGroup */
/** @typedef {{group: number, other: number, similarity: number}} AlbumPair */
/** @typedef {{pictures: number, unreadable: number, faces: number, groups: AlbumGroup[], pairs: AlbumPair[]}} AlbumResult unreadable: of a zip */
/** @typedef {{file: string, status: 'enrolled' | 'refused' | 'duplicate' | 'unreadable', person: number | null, name: string | null,
 *   reasons: string[], chip: number | null, looksLike?: {person: number, name: string | null, similarity: number} | null}} ImportRow */
/** @typedef {{form: 'zip' | 'lines', people: number, samples: number, known: number, files: ImportRow[]}} ImportResult */
/** A camera of the server's own. @typedef {{camera: number, name: string, state: 'opening' | 'running' | 'waiting' | 'ended' | 'failed',
 *   error: string | null, frames: number, people: number}} Camera */
/** @typedef {{id: number, event: 'appear' | 'identified' | 'renamed' | 'leave', camera: string, wall: number,
 *   person: number | null, name: string | null}} CameraEvent wall: seconds since 1970 */
/** @typedef {{enrolled: boolean, person: number | null, reasons: string[], looksLike: {person: number,
 *   name: string | null, similarity: number} | null}} Naming */

/**
 * @typedef {object} Recogniser
 * @property {() => Promise<Models>} models
 * @property {() => Promise<Person[]>} people
 * @property {(person: number, fields: {name?: string, note?: string, groups?: string[], ignored?: boolean}) =>
 *   Promise<void>} changePerson
 * @property {(person: number) => Promise<void>} removePerson
 * @property {(person: number) => Promise<Receipt>} forgetPerson
 * @property {(into: number, from: number) => Promise<void>} mergePeople
 * @property {() => Promise<number>} clear how many people were removed
 * @property {(person: number) => Promise<Sample[]>} samples
 * @property {(picture: Blob, options: EnrolOptions) => Promise<Enrolment>} enrol
 * @property {(sample: string) => Promise<void>} removeSample
 * @property {(sample: string, person: number | null) => Promise<number>} moveSample null: a new person
 * @property {() => Promise<Fact[]>} facts
 * @property {(sample: string, person: number) => Promise<void>} sayNot it becomes a new person's
 * @property {(person: number, other: number) => Promise<void>} keepApart
 * @property {(fact: number) => Promise<void>} dropFact
 * @property {() => Promise<PeoplePair[]>} review people who may be one, the most alike first
 * @property {() => Promise<Change[]>} history newest first
 * @property {(change: number) => Promise<void>} undo
 * @property {(source: Blob, target: Blob, model: string) => Promise<Comparison>} verify
 * @property {(picture: Blob, options: {model: string, fpir: number, nearest: number}) =>
 *   Promise<Identification>} identify
 * @property {(options: {model: string, fpir: number}) => Promise<string>} beginLive
 * @property {(live: string, picture: Blob, time: number) => Promise<LiveAnswer>} liveFrame
 * @property {(live: string) => Promise<void>} endLive
 * @property {(video: Blob, name: string) => Promise<string>} beginVideo who is in it, and when: a job
 * @property {(video: string, hide: {others: number[]}, mode: string) => Promise<string>} beginBlur a job: all
 *   but these tracks are hidden
 * @property {(zip?: Blob) => Promise<string>} beginAlbum a job, to which pictures are added before it is started; of a zip
 *   it is begun
 * @property {(album: string, picture: Blob, name: string) => Promise<{faces: number, error?: {code: string,
 *   message: string}}>} addPicture
 * @property {(album: string) => Promise<void>} startAlbum
 * @property {(file: Blob) => Promise<string>} beginImport people of a zip with a folder a person, or of an export: a job
 * @property {string} exportAddress everybody as a file, for a link
 * @property {(job: string, options?: {boxes?: boolean}) => Promise<Job<any>>} job
 * @property {(job: string) => Promise<void>} endJob
 * @property {(job: string, number: number) => string} chipAddress a face that a job has found, for an img
 * @property {(job: string) => string} fileAddress what it has made, for a link
 * @property {(job: string, number: number, whose: {name?: string, person?: number, force?: boolean}) =>
 *   Promise<Naming>} nameFound a track, or a group of an album
 * @property {(album: string, group: number, other: number) => Promise<void>} mergeGroups
 * @property {(album: string, group: number, other: number) => Promise<void>} keepGroupsApart
 * @property {(album: string, face: number) => Promise<void>} takeOut
 * @property {() => Promise<{cameras: Camera[], webhooks: number}>} cameras webhooks: addresses that get what they see
 * @property {(camera: number, moving: boolean) => string} cameraAddress what it sees, for an img
 * @property {(take: (event: CameraEvent) => void, last: number) => () => void} watchEvents the last so many, and then
 *   each as it comes, until the function that it gives is called
 * @property {(by: {key: string} | {code: string}) => Promise<void>} beginSession a cookie, for a key or a one-time code
 * @property {(name: string) => Promise<Blob>} example a picture or the video that comes with the program
 */

/** Why something was not done. code: a word of the API, or "unreachable". */
export class RecogniserError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = 'RecogniserError';
    this.code = code;
    /** Which of two pictures was the trouble. @type {'source' | 'target' | null} */
    this.side = /^source\b/.test(message) ? 'source' : /^target\b/.test(message) ? 'target' : null;
  }
}

/** @param {Record<string, string | number | boolean | null | undefined>} values */
function query(values) {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== null && value !== '') q.set(name, String(value));
  const text = q.toString();
  return text ? `?${text}` : '';
}

/** @param {string} path @param {RequestInit} options @returns {Promise<Response>} */
async function send(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new RecogniserError('unreachable', 'no answer');
  }
}

/**
 * @param {string} method @param {string} path @param {BodyInit | object | null} [body]
 * @param {RequestInit} [more] @returns {Promise<any>}
 */
async function call(method, path, body = null, more = {}) {
  /** @type {RequestInit} */
  const options = { method, ...more };
  if (body instanceof Blob || body instanceof FormData) {
    options.body = body;
  } else if (body) {
    options.body = JSON.stringify(body);
    options.headers = { 'Content-Type': 'application/json' };
  }
  const response = await send(path, options);
  /** @type {any} */
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    throw new RecogniserError(response.ok ? 'unreachable' : `http_${response.status}`, response.statusText);
  }
  if (!response.ok && answer.error) throw new RecogniserError(answer.error.code, answer.error.message);
  return answer;
}

/** @param {any} a */
function looksLikeOf(a) {
  return a.looks_like ? { person: a.looks_like, name: a.looks_like_name, similarity: a.looks_like_similarity } : null;
}

/** @returns {Recogniser} */
export function createServerRecogniser() {
  const id = encodeURIComponent;
  return {
    models: () => call('GET', '/v1/models'),
    people: async () => (await call('GET', '/v1/people')).people,
    changePerson: async (person, fields) => { await call('PATCH', `/v1/people/${person}`, fields); },
    removePerson: async (person) => { await call('DELETE', `/v1/people/${person}`); },
    forgetPerson: async (person) => (await call('DELETE', `/v1/people/${person}?forget=true`)).receipt,
    mergePeople: async (into, from) => { await call('POST', `/v1/people/${into}/merge?from=${from}`); },
    clear: async () => (await call('DELETE', '/v1/people')).removed,
    samples: async (person) => (await call('GET', `/v1/people/${person}/samples`)).samples,
    async enrol(picture, { person, name, at, source, force }) {
      const a = await call('POST', `/v1/people/${person ?? 'new'}/samples${query({
        name, x: at?.[0].toFixed(1), y: at?.[1].toFixed(1), source, force: force || null,
      })}`, picture);
      return {
        enrolled: a.status === 'enrolled',
        person: a.person,
        sample: a.sample ?? null,
        reasons: a.reasons,
        quality: a.quality ?? null,
        face: a.face ?? null,
        looksLike: looksLikeOf(a),
      };
    },
    removeSample: async (sample) => { await call('DELETE', `/v1/samples/${id(sample)}`); },
    moveSample: async (sample, person) =>
      (await call('POST', `/v1/samples/${id(sample)}/move${query({ person })}`)).people[0].person,
    facts: async () => (await call('GET', '/v1/facts')).facts,
    sayNot: async (sample, person) => { await call('POST', '/v1/facts', { kind: 'not', sample, person }); },
    keepApart: async (person, other) => { await call('POST', '/v1/facts', { kind: 'apart', person, other }); },
    review: async () => (await call('GET', '/v1/review')).pairs,
    dropFact: async (fact) => { await call('DELETE', `/v1/facts/${fact}`); },
    history: async () => (await call('GET', '/v1/history')).changes,
    undo: async (change) => { await call('POST', `/v1/undo${query({ change })}`); },
    async verify(source, target, model) {
      const form = new FormData();
      form.set('source', source);
      form.set('target', target);
      return call('POST', `/v1/verify${query({ model })}`, form);
    },
    identify: (picture, options) => call('POST', `/v1/identify${query(options)}`, picture),
    beginLive: async (options) => (await call('POST', `/v1/live${query(options)}`)).live,
    liveFrame: (live, picture, time) => call('POST', `/v1/live/${id(live)}${query({ time: time.toFixed(4) })}`, picture),
    // also while the page is being left
    endLive: async (live) => { await call('DELETE', `/v1/live/${id(live)}`, null, { keepalive: true }); },
    beginVideo: async (video, source) => (await call('POST', `/v1/jobs/video${query({ source })}`, video)).job,
    beginBlur: async (job, { others }, mode) =>
      (await call('POST', `/v1/jobs/blur${query({ job, hide: others.length ? 'others' : 'everybody', tracks: others.join(','), mode })}`)).job,
    beginAlbum: async (zip) => (await call('POST', '/v1/jobs/album', zip)).job,
    addPicture: async (album, picture, source) =>
      (await call('POST', `/v1/jobs/${id(album)}/pictures${query({ source })}`, picture)).pictures[0],
    beginImport: async (file) => (await call('POST', '/v1/jobs/import', file)).job,
    exportAddress: '/v1/export',
    startAlbum: async (album) => { await call('POST', `/v1/jobs/${id(album)}/start`); },
    async job(job, { boxes } = {}) {
      const a = await call('GET', `/v1/jobs/${id(job)}${query({ boxes: boxes || null })}`);
      for (const row of a.result?.files ?? []) row.looksLike = looksLikeOf(row);
      return a;
    },
    endJob: async (job) => { await call('DELETE', `/v1/jobs/${id(job)}`, null, { keepalive: true }); },
    chipAddress: (job, number) => `/v1/jobs/${id(job)}/chips/${number}`,
    fileAddress: (job) => `/v1/jobs/${id(job)}/file`,
    async nameFound(job, number, whose) {
      const a = await call('POST', `/v1/jobs/${id(job)}/people/${number}${query({ ...whose, force: whose.force || null })}`);
      return { enrolled: a.status === 'enrolled', person: a.person, reasons: a.reasons, looksLike: looksLikeOf(a) };
    },
    mergeGroups: async (album, group, other) => { await call('POST', `/v1/jobs/${id(album)}/merge${query({ group, other })}`); },
    keepGroupsApart: async (album, group, other) => { await call('POST', `/v1/jobs/${id(album)}/apart${query({ group, other })}`); },
    takeOut: async (album, face) => { await call('POST', `/v1/jobs/${id(album)}/out${query({ face })}`); },
    cameras: () => call('GET', '/v1/cameras'),
    cameraAddress: (camera, moving) => `/v1/cameras/${camera}/${moving ? 'preview' : `picture?at=${Date.now()}`}`,
    watchEvents(take, last) {
      const source = new EventSource(`/v1/events?after=-${last}`);
      for (const kind of ['appear', 'identified', 'renamed', 'leave'])
        source.addEventListener(kind, (e) => take(JSON.parse(/** @type {MessageEvent} */ (e).data)));
      return () => source.close();
    },
    beginSession: async (by) => { await call('POST', '/v1/session', by); },
    async example(name) {
      const response = await send(`/example/${name}`, {});
      if (!response.ok) throw new RecogniserError('not_found', name);
      return response.blob();
    },
  };
}

/**
 * The one-time code of an address that was scanned ("#code=.."), used and taken out of the address. Gives what was
 * wrong with it, or null.
 * @param {Recogniser} recogniser @returns {Promise<any>}
 */
export async function takeCode(recogniser) {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (!code) return null;
  history.replaceState(null, '', location.pathname);
  try {
    await recogniser.beginSession({ code });
    return null;
  } catch (/** @type {any} */ error) {
    return error.code === 'no_keys' ? null : error; // nobody asks for any
  }
}
