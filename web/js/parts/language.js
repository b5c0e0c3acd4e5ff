/* The button that turns to the other language, which the browser keeps. */
import { button } from '../dom.js';
import { language, say, speak } from '../words.js';

/** redraw: makes the page anew, with another button. @param {Storage | null} kept @param {() => void} redraw */
export function languageButton(kept, redraw) {
  const other = language() === 'en' ? 'ja' : 'en';
  return button(say('other_language'), 'quiet language', () => {
    speak(other);
    try {
      kept?.setItem('kao.language', other);
    } catch {
      // chosen anew the next time
    }
    redraw();
    /** @type {HTMLElement | null} */ (document.querySelector('.language'))?.focus();
  }, { lang: other });
}
