/**
 * What is written for others says nothing of where it lay.
 */
import { expect, it } from 'vitest';
import { portableName } from './open-model.js';

it.each([
  ['/home/someone/models/SmolLM2.gguf', 'SmolLM2.gguf'],
  ['./runs/model', 'model'],
  ['../model', 'model'],
  ['openai-community/gpt2', 'openai-community/gpt2'],
  ['owner/name@main', 'owner/name@main'],
  ['shipped ioi model', 'shipped ioi model'],
])('%s is written as %s', (name, written) => {
  expect(portableName(name)).toBe(written);
});
