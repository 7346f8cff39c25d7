/**
 * Runs commands one after the other in one process: each is main.js anew, all else of the package stays loaded. What it
 * writes and the exit code that it leaves are sent back.
 * @module
 */
import { pathToFileURL } from 'node:url';

const ownEnvironment = { ...process.env };
let calls = 0;

process.on('message', async ({ main, args, env }) => {
  const written = { stdout: '', stderr: '' };
  const writes = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of ['stdout', 'stderr'])
    process[name].write = (text, encoding, callback) => {
      written[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
      const done = typeof encoding === 'function' ? encoding : callback;
      if (done !== undefined) process.nextTick(done);
      return true;
    };
  process.env = { ...ownEnvironment, ...env };
  process.argv = [process.execPath, main, ...args];
  // As in a process that has just started: a command may ask whether a code is set.
  process.exitCode = undefined;
  try {
    await import(`${pathToFileURL(main).href}?${(calls += 1)}`);
  } catch (error) {
    process.exitCode = 1;
    written.stderr += error.stack;
  }
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  for (const name of ['stdout', 'stderr']) {
    process[name].write = writes[name];
    // Each command listens for its reader to go.
    process[name].removeAllListeners('error');
  }
  process.send({ code, signal: null, ...written });
});
