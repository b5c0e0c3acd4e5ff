/* What a challenge asks for, in words and as a row of steps. */
import { make } from '../dom.js';
import { say } from '../words.js';

/** @param {HTMLElement} root */
export function mountChallenge(root) {
  const arrow = make('span', { class: 'challenge-arrow', 'aria-hidden': 'true' });
  const words = make('p', { class: 'challenge-words', 'aria-live': 'assertive' });
  const steps = make('div', { class: 'dots', 'aria-hidden': 'true' });
  root.append(make('div', { class: 'challenge' }, arrow, words, steps, make('p', { class: 'small muted', text: say('hurdle') })));

  return {
    /** @param {ReturnType<import('../challenge.js').createChallenge>} c @param {boolean} mirrored */
    show(c, mirrored) {
      const going = c.state === 'going';
      const text = say(going ? `turn_${c.wanted}` : `challenge_${c.state}`);
      const toLeft = (c.wanted === 'left') === mirrored; // of the screen
      arrow.textContent = !going ? (c.state === 'passed' ? '✓' : '✕') : c.wanted === 'front' ? '●' : toLeft ? '←' : '→';
      if (words.textContent !== text) words.textContent = text;
      steps.replaceChildren(...c.steps.map((_, i) => make('span', { class: i < c.step ? 'dot full' : 'dot' })));
    },
  };
}
