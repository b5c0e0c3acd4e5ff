// The program with a gallery of its own, for a test.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PICTURES = process.env.PICTURES ?? '';

/** The program with a gallery of its own. @returns {Promise<{address: string, stop: () => Promise<void>}>} */
export async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'kao web 顔 '));
  const server = spawn(process.env.KAO ?? 'kao', ['serve', '--port', '0', '--gallery', join(folder, 'g.kao')]);
  const ended = new Promise((done) => server.once('exit', done));
  let said = '';
  server.stderr.on('data', (text) => { said += text; });
  const address = await new Promise((found, failed) => {
    let out = '';
    server.stdout.on('data', (text) => {
      out += text;
      const m = /kao: (http:\S+)\//.exec(out);
      if (m) found(m[1]);
    });
    ended.then(() => failed(new Error(`the program ended: ${said}`)));
  });
  return {
    address,
    async stop() {
      server.kill('SIGTERM');
      assert.equal(await ended, 0, said);
      rmSync(folder, { recursive: true });
    },
  };
}
