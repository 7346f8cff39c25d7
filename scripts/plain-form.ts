/**
 * What decoders of the plain form give beside the shipped ones, which complete: `npm run plain-form -- DIR...`.
 *
 * Each directory is that of a finished training, `inversionview train-decoder TASK --form plain`, for the shipped model.
 * Its figures go into docs/figures/plain-form.json, and from there into the shipped decoders' cards and the table of
 * docs/training.md. Without a directory these are written anew from the file.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { read, textsOf, written } from './plain-form/figures.js';

const { positionals } = parseArgs({ allowPositionals: true });
const file = 'docs/figures/plain-form.json';
let figures = written(JSON.parse(readFileSync(file, 'utf8')));
for (const directory of positionals) figures = { ...figures, ...read(directory) };
writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
for (const [path, text] of await textsOf(figures)) writeFileSync(join('.', path), text);
for (const [task, one] of Object.entries(figures))
  process.stdout.write(
    `${task}: ${(100 * one.average).toFixed(1)}% inside, ${(100 * one.valid).toFixed(1)}% valid, ${one.steps} steps\n`,
  );
