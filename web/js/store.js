/* What the app knows besides what is on the screen: the people, their portraits, the language. */
import { chooseLanguage, languages } from './words.js';

/** @typedef {import('./api.js').Person} Person */

/** A browser may refuse to keep anything. @returns {Storage | null} */
export function openStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** @param {Storage | null} kept */
export function wantedLanguage(kept) {
  const has = kept?.getItem('kao.language');
  return languages.find((l) => l === has) ?? chooseLanguage(navigator.languages);
}

/** @param {import('./api.js').Recogniser} recogniser */
export function createPeople(recogniser) {
  /** @type {Person[]} */
  let list = [];
  /** @type {Set<(people: readonly Person[]) => void>} */
  const watchers = new Set();

  return {
    get list() {
      return list;
    },
    async refresh() {
      list = await recogniser.people();
      for (const tell of watchers) tell(list);
      return list;
    },
    /** @param {(people: readonly Person[]) => void} tell @returns {() => void} stops it */
    watch(tell) {
      watchers.add(tell);
      return () => watchers.delete(tell);
    },
    /** @param {number} person */
    get: (person) => list.find((p) => p.person === person) ?? null,
  };
}

const KEY = 'kao.portrait.';

/**
 * Portraits, cut by this browser when somebody is registered, and kept by it alone. Each is bound
 * to the time at which its person was made: another gallery at the same address has people of the
 * same numbers.
 * @param {Storage | null} storage
 */
export function createPortraits(storage) {
  /** @param {Person} p */
  const key = (p) => `${KEY}${p.person}`;
  return {
    /** @param {Person} person @returns {string | null} a data: address */
    of(person) {
      const [created, image] = (storage?.getItem(key(person)) ?? '').split(' ');
      return image && created === person.created ? image : null;
    },
    /** @param {Person} person @param {HTMLCanvasElement} chip */
    keep(person, chip) {
      try {
        storage?.setItem(key(person), `${person.created} ${chip.toDataURL('image/jpeg', 0.85)}`);
      } catch {
        // the browser keeps no more: initials are shown
      }
    },
    /** @param {number} person */
    drop(person) {
      storage?.removeItem(`${KEY}${person}`);
    },
    /** Of those who are in no gallery any more. @param {readonly Person[]} people */
    prune(people) {
      const there = new Set(people.map(key));
      for (const name of Object.keys(storage ?? {})) if (name.startsWith(KEY) && !there.has(name)) storage?.removeItem(name);
    },
  };
}
