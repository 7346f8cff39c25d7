/**
 * A reading is plain data: shown in the terminal, written as a page, kept as JSON and shown again.
 * @module
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from 'inversionview/engine/node';
import { createReader, parseReading } from 'inversionview/inversion';
import { decoderFor, modelFor } from 'inversionview/jobs';
import { renderHtml, renderTerminal } from 'inversionview/report';
import { counting } from 'inversionview/studies';
import { resolvePosition } from 'inversionview/tasks';

const model = await modelFor(counting, undefined, 'transformerlens');
const decoder = await decoderFor(counting, undefined, model);
const reader = createReader(nodeRuntime(), model, decoder, counting);
const ids = counting.encode('vvzccvczvvvzvcvc|v:8');
const { reading } = await reader.read({
  ids,
  site: 'x1.post',
  position: resolvePosition(counting, ids, ':'),
  seed: 1,
  shown: 20,
});
await reader.dispose();

const saved = parseReading(JSON.parse(JSON.stringify(reading)), 'reading.json');
console.log(renderTerminal(saved, { color: process.stdout.isTTY, width: 100, limit: 20 }));
const page = join(mkdtempSync(join(tmpdir(), 'inversionview-')), 'reading.html');
writeFileSync(page, renderHtml(saved));
console.log(`\n${page}`);
