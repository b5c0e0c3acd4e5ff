/* /trust: the certificate of this kao, and how a phone comes to trust it. A one-time code in the address is
 * used first: it would be too old when all steps are done. */
import { createServerRecogniser, takeCode } from './api.js';
import { make } from './dom.js';
import { languageButton } from './parts/language.js';
import { openStorage, wantedLanguage } from './store.js';
import { explain, language, say, speak } from './words.js';

async function start() {
  const kept = openStorage();
  speak(wantedLanguage(kept));
  const trouble = await takeCode(createServerRecogniser());

  /** @param {string} name @param {number} n */
  const steps = (name, n) => make('section', { class: 'card' }, make('h2', { text: say(`trust_${name}`) }),
    make('ol', {}, ...Array.from({ length: n }, (_, i) => make('li', { text: say(`trust_${name}_${i + 1}`) }))));

  function show() {
    document.documentElement.lang = language();
    document.title = say('trust_title');
    document.body.replaceChildren(
      make('header', { class: 'top trust-top' },
        make('a', { class: 'brand', href: '/', 'aria-label': 'kao' },
          make('img', { class: 'brand-mark', src: '/icons/kao.svg', alt: '', width: 28, height: 28 }), make('span', { text: 'kao' })), languageButton(kept, show)),
      make('main', {}, make('div', { class: 'trust-page' },
        make('h1', { text: say('trust_title') }),
        trouble && make('p', { class: 'problem', role: 'alert', text: explain(trouble) }),
        make('p', { class: 'lead', text: say(location.protocol === 'https:' ? 'trust_text' : 'trust_none', { host: location.hostname }) }),
        location.protocol === 'https:' && make('a', { class: 'button primary', href: '/ca.crt', text: say('trust_get') }),
        location.protocol === 'https:' && steps('android', 4),
        location.protocol === 'https:' && steps('ios', 4),
        make('a', { class: 'button plain', href: '/', text: say('trust_open') }))));
  }
  show();
}

start();
