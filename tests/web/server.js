// The program with a gallery of its own, for a test.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PICTURES = process.env.PICTURES ?? '';

/**
 * The program with a gallery of its own. words: further ones of its line, by the folder that it may use.
 * @param {(folder: string) => string[]} [words]
 * @returns {Promise<{address: string, folder: string, said: (pattern: RegExp) => Promise<string>, shown: () => string,
 *   another: () => void, stop: () => Promise<void>}>}
 */
export async function startServer(words = () => []) {
  const folder = mkdtempSync(join(tmpdir(), 'kao web 顔 '));
  const server = spawn(process.env.KAO ?? 'kao', ['serve', '--port', '0', '--gallery', join(folder, 'g.kao'), ...words(folder)]);
  const ended = new Promise((done) => server.once('exit', done));
  let said = '';
  server.stderr.on('data', (text) => { said += text; });
  const address = await new Promise((found, failed) => {
    let out = '';
    server.stdout.on('data', (text) => {
      out += text;
      const m = /kao: (https?:\S+)\//.exec(out);
      if (m) found(m[1]);
    });
    ended.then(() => failed(new Error(`the program ended: ${said}`)));
  });
  return {
    address,
    folder,
    /** The last thing of the kind on standard error, when it is there. */
    async said(pattern) {
      for (;;) {
        const found = [...said.matchAll(new RegExp(pattern, 'g'))].at(-1);
        if (found) return found[1];
        await new Promise((later) => { server.stderr.once('data', later); });
      }
    },
    shown: () => said,
    another: () => { server.kill('SIGUSR1'); },
    async stop() {
      server.kill('SIGTERM');
      assert.equal(await ended, 0, said);
      rmSync(folder, { recursive: true });
    },
  };
}
