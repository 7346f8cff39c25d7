/**
 * What a template file may hold, before its slots are looked up.
 * @module
 */
import { z } from 'zod';

const name = z
  .string()
  .regex(/^[A-Za-z_][\w+-]*$/, 'a name begins with a letter and has letters, digits, _, + and -');
const weight = z.number().positive('a weight above 0 is needed').optional();
const words = z.string().min(1, 'a text is needed');
const scalar = z.union([z.string(), z.number()]);
/** A text, or one with a weight and attributes beside it. */
const filler = z.union(
  [scalar, z.looseObject({ text: scalar, weight })],
  'a text is needed, or { text, weight, and attributes of any name }',
);
const fillers = z.array(filler).min(1, 'a slot needs one filler at least');
const slot = z.union(
  [
    fillers,
    z.strictObject({ fillers }),
    z.strictObject({ from: words }),
    z.strictObject({ range: z.tuple([z.int(), z.int()]) }),
    z.strictObject({ 'same-as': name }),
    z.strictObject({ 'one-of': z.array(name).min(2, 'two slots are needed at least') }),
    z.strictObject({ 'other-of': z.tuple([name, name]), than: name }),
    z.strictObject({
      attribute: z.string().regex(/^[^.]+\.[^.]+$/, 'slot.attribute is needed, as in country.capital'),
      some: z.boolean().optional(),
    }),
    z.strictObject({ either: z.array(name).min(1, 'one slot is needed at least') }),
  ],
  'a list of fillers is needed, or one of { fillers }, { from: file }, { range: [first, last] }, { same-as: slot }, { one-of: [slots] }, { other-of: [slot, slot], than: slot }, { attribute: slot.name }, { either: [slots] }',
);
const pattern = z.union(
  [
    words,
    z.strictObject({
      text: words,
      weight,
      answer: words.optional(),
      attributes: z.record(name, scalar).optional(),
    }),
  ],
  'a text with slots in braces is needed, or { text, weight, answer, attributes }',
);
const tokens = z.int('a whole number is needed').positive('one token is needed at least');
const round = z.strictObject({
  temperature: z.number().positive('a number above 0 is needed'),
  noise: z.number().min(0, 'a number from 0 on is needed').optional(),
  'noise-kind': z.enum(['add', 'turn']).optional(),
  repeats: z.int('a whole number is needed').min(0, 'a number from 0 on is needed').optional(),
  candidates: z
    .int('a whole number is needed')
    .min(1)
    .max(4096, '4096 candidates at most are drawn in a round')
    .optional(),
});

const slots = z.array(name).min(1, 'one slot is needed at least');

/** A template file. */
export const templateSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'small letters, digits and hyphens are needed, 40 at most'),
  about: words.optional(),
  patterns: z.array(pattern).min(1, 'one pattern is needed at least'),
  slots: z.record(name, slot),
  constraints: z.array(z.string()).optional(),
  answer: words.optional(),
  contrast: z
    .strictObject({ answer: words.optional(), redraw: slots.optional(), fresh: slots.optional() })
    .refine(
      ({ redraw, fresh }) => redraw !== undefined || fresh !== undefined,
      'redraw or fresh is needed: the slots that differ',
    )
    .optional(),
  places: z.record(z.string().min(1).max(30), z.string()).optional(),
  positions: z.array(z.string()).min(1, 'one place is needed at least').optional(),
  sites: z.array(z.string()).min(1, 'one site is needed at least').optional(),
  epsilon: z.number().positive('a number above 0 is needed').optional(),
  metric: z.enum(['euclidean', 'cosine']).optional(),
  rounds: z
    .strictObject({
      times: z.int('a whole number is needed').min(1).max(64, '64 times at most').optional(),
      each: z.array(round).min(1, 'one round is needed at least').max(64, '64 rounds at most'),
    })
    .optional(),
  attended: z
    .strictObject({
      below: z.number().gt(0, 'a share above 0 is needed').max(1, 'a share of at most 1 is needed'),
    })
    .optional(),
  tokens: z.record(z.string(), tokens).optional(),
  split: z
    .strictObject({
      by: z.array(name).min(1, 'one slot is needed at least').optional(),
      test: z.number().gt(0, 'a share above 0 is needed').lt(1, 'a share under 1 is needed').optional(),
    })
    .optional(),
});

/** The content of a template file. */
export type TemplateContent = z.infer<typeof templateSchema>;
/** A slot as the file has it. */
export type SlotContent = TemplateContent['slots'][string];
/** A filler as the file has it. */
export type FillerContent = z.infer<typeof filler>;

/** The fillers of a file of their own. */
export const fillerListSchema = fillers;
